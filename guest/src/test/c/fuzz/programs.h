/* The programs to which forwards lead, in place of TCP: a port's lowest bits say what becomes of a connection. To be included once. */
#ifndef VMETTE_FUZZ_PROGRAMS_H
#define VMETTE_FUZZ_PROGRAMS_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"

#define PROGRAMS 8

static struct program {
    int fd, agents; /* -1: none; the agent's end of it, as long as nobody else has that number */
    int number;     /* what became of its connection */
} programs[PROGRAMS];

static struct program *program_of(int agents) {
    for (struct program *p = programs; p < programs + PROGRAMS; p++) {
        if (p->fd >= 0 && p->agents == agents) return p;
    }
    return NULL;
}

static void program_ends(struct program *program) {
    if (program->fd >= 0) close(program->fd);
    program->fd = -1;
}

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol) {
    if (family == AF_UNIX) return __real_socket(family, type, protocol);
    must(type == (SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
    struct program *free_one = programs;
    while (free_one < programs + PROGRAMS && free_one->fd >= 0) free_one++;
    int ends[2];
    if (free_one == programs + PROGRAMS || socketpair(AF_UNIX, type, 0, ends) < 0) {
        errno = EMFILE;
        return -1;
    }
    struct program *former = program_of(ends[0]);
    if (former) former->agents = -1;
    *free_one = (struct program){.fd = ends[1], .agents = ends[0]};
    return ends[0];
}

int __real_connect(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t size) {
    if (to->sa_family == AF_UNIX) return __real_connect(fd, to, size);
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    const struct sockaddr_in *four = (const void *)to;
    const struct sockaddr_in6 *six = (const void *)to;
    bool first = to->sa_family == AF_INET;
    must(first ? four->sin_addr.s_addr == htonl(INADDR_LOOPBACK) : memcmp(&six->sin6_addr, &loopback, sizeof loopback) == 0);
    struct program *program = program_of(fd);
    must(program);
    errno = 0;
    switch (ntohs(first ? four->sin_port : six->sin6_port) % 8) {
    case 0: errno = ECONNREFUSED; break;
    case 1: errno = first ? ECONNREFUSED : EINPROGRESS; break;
    case 2: program->number = ECONNREFUSED; break;
    case 3: program->number = first ? ECONNREFUSED : 0; break;
    case 4: program->number = ETIMEDOUT; break;
    case 5: return 0;
    default: break;
    }
    if (!errno) errno = EINPROGRESS;
    if (errno == ECONNREFUSED) {
        program_ends(program);
        errno = ECONNREFUSED;
    }
    return -1;
}

int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *size) {
    const struct program *program = level == SOL_SOCKET && option == SO_ERROR ? program_of(fd) : NULL;
    if (!program || !program->number) return __real_getsockopt(fd, level, option, value, size);
    memcpy(value, &program->number, sizeof program->number);
    return 0;
}

/* Takes bytes, sends some, ends its bytes, or ends, with a reset if there are bytes that it has not taken. */
static void program_does(struct dice *dice) {
    static uint8_t text[65536];
    uint8_t what = roll(dice);
    struct program *program = &programs[what % PROGRAMS];
    if (program->fd < 0) return;
    switch (what / PROGRAMS % 8) {
    case 0: program_ends(program); break;
    case 1: shutdown(program->fd, SHUT_WR); break;
    case 2: shutdown(program->fd, SHUT_RD); break;
    case 3:
    case 4:
        if (recv(program->fd, text, sizeof text, MSG_DONTWAIT) < 0) must(errno == EAGAIN || errno == ECONNRESET);
        break;
    default:
        if (send(program->fd, text, what & 128 ? sizeof text : roll(dice), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            must(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
        }
    }
}

#endif
