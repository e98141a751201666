#include "vsock_send.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME "vsock-send"
#define HOST_CID 2

/* linux/vm_sockets.h, which musl does not have */
struct sockaddr_of_vsock {
    sa_family_t family;
    uint16_t reserved;
    uint32_t port, cid;
    uint8_t flags, zero[3];
};

bool is_vsock_send(const char *program) {
    const char *slash = strrchr(program, '/');
    return strcmp(slash ? slash + 1 : program, NAME) == 0;
}

static bool number(const char *text, uint32_t *value) {
    char *end;
    errno = 0;
    unsigned long long given = strtoull(text, &end, 10);
    *value = (uint32_t)given;
    return *text >= '0' && *text <= '9' && !*end && !errno && given < UINT32_MAX;
}

static int failed(const char *doing) {
    fprintf(stderr, NAME ": cannot %s: %s\n", doing, strerror(errno));
    return 1;
}

static bool write_all(int fd, const char *bytes, ssize_t size) {
    while (size > 0) {
        ssize_t put = write(fd, bytes, (size_t)size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        bytes += put;
        size -= put;
    }
    return true;
}

static bool not_now(ssize_t result) { return result < 0 && (errno == EAGAIN || errno == EINTR); }

/* Both ways at once: a reply may be longer than what both ends hold, and begin before the last byte was sent. */
static int exchange(int fd) {
    static char in[65536], out[65536];
    ssize_t have = 0, sent = 0; /* of out */
    bool ended = false;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd ends[] = {
            {.fd = fd, .events = have > sent ? POLLIN | POLLOUT : POLLIN},
            {.fd = have > sent || ended ? -1 : STDIN_FILENO, .events = POLLIN},
        };
        if (poll(ends, 2, -1) < 0 && errno != EINTR) return failed("wait");
        ssize_t got = read(fd, in, sizeof in);
        if (got == 0) return 0;
        if (got < 0 && !not_now(got)) return failed("receive");
        if (got > 0 && !write_all(STDOUT_FILENO, in, got)) return failed("write the reply");
        if (ends[1].revents) {
            have = read(STDIN_FILENO, out, sizeof out);
            sent = 0;
            if (not_now(have)) have = 0;
            else if (have < 0) return failed("read standard input");
            else if (have == 0) {
                shutdown(fd, SHUT_WR);
                ended = true;
            }
        }
        if (have > sent) {
            ssize_t put = send(fd, out + sent, (size_t)(have - sent), MSG_NOSIGNAL);
            if (put < 0 && !not_now(put)) return failed("send");
            if (put > 0) sent += put;
        }
    }
}

int vsock_send(int count, char **words) {
    struct sockaddr_of_vsock address = {.family = AF_VSOCK, .cid = HOST_CID};
    if (count < 2 || count > 3 || !number(words[1], &address.port) || (count == 3 && !number(words[2], &address.cid))) {
        fprintf(stderr, "usage: " NAME " PORT [CID]\n"
                        "Sends standard input to the vsock port (of CID 2, the host, if none is given), and writes the reply to standard output.\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return failed("make a vsock socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return failed("connect");
    return exchange(fd);
}
