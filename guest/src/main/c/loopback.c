#include "loopback.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console.h"

void loopback_up(void) {
    struct ifreq lo = {.ifr_name = "lo"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* netdevice(7): a socket of any family will do */
    bool up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0;
    if (up && !(lo.ifr_flags & IFF_UP)) {
        lo.ifr_flags |= IFF_UP;
        up = ioctl(fd, SIOCSIFFLAGS, &lo) == 0;
    }
    if (!up) console_say("cannot bring lo up: %s", strerror(errno));
    if (fd >= 0) close(fd);
}
