#include "net.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static char resolver[64];

/* The first card there is. */
static bool find_card(char name[IFNAMSIZ]) {
    DIR *cards = opendir("/sys/class/net");
    bool found = false;
    for (struct dirent *card; cards && !found && (card = readdir(cards));) {
        size_t length = strlen(card->d_name);
        if (card->d_name[0] == '.' || length >= IFNAMSIZ || strcmp(card->d_name, "lo") == 0) continue;
        memcpy(name, card->d_name, length + 1);
        found = true;
    }
    if (cards) closedir(cards);
    errno = ENODEV;
    return found;
}

static void put_address(struct sockaddr *at, uint32_t address) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    memcpy(at, &four, sizeof four);
}

static bool set_up(int fd, const char *name, const struct net *net) {
    struct ifreq request = {0};
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    strcpy(request.ifr_name, name);
    put_address(&request.ifr_addr, net->address);
    if (ioctl(fd, SIOCSIFADDR, &request) < 0) return false;
    put_address(&request.ifr_netmask, htonl(net->prefix ? ~0u << (32 - net->prefix) : 0));
    if (ioctl(fd, SIOCSIFNETMASK, &request) < 0) return false;
    if (ioctl(fd, SIOCGIFFLAGS, &request) < 0) return false;
    request.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) return false;
    put_address(&route.rt_dst, 0);
    put_address(&route.rt_genmask, 0);
    put_address(&route.rt_gateway, net->gateway);
    return ioctl(fd, SIOCADDRT, &route) == 0;
}

bool net_up(const struct net *net, char *why, size_t size) {
    char name[IFNAMSIZ], address[INET_ADDRSTRLEN];
    int fd = -1;
    bool fine = find_card(name);
    if (!fine) {
        snprintf(why, size, "there is no network card (the kernel needs virtio_net)");
        return false;
    }
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    fine = fd >= 0 && set_up(fd, name, net);
    int number = errno;
    if (fd >= 0) close(fd);
    if (!fine) {
        snprintf(why, size, "cannot bring the network card %s up: %s", name, strerror(number));
        errno = number;
        return false;
    }
    inet_ntop(AF_INET, &net->nameserver, address, sizeof address);
    snprintf(resolver, sizeof resolver, "nameserver %s\n", address);
    return true;
}

const char *net_resolver(void) { return resolver; }
