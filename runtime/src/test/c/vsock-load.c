/*
 * A guest program for the tests: much traffic, many connections.
 *
 *   vsock-load pour PORT BYTES   connects to the host and sends that many bytes of a fixed sequence; prints "blocked N" when for the first
 *                                time it could not send at once, N bytes having been taken, and "poured" after the last
 *   vsock-load echoes PORT       listens, prints "listening", sends back what comes on any number of connections at a time
 *   vsock-load again PORT OWN N  connects to the host N times, always from its own port OWN, and each time has a byte sent back; prints N
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define AF_VSOCK_ 40
#define PIECE 65536

struct address {
    unsigned short family;
    unsigned short reserved;
    unsigned int port;
    unsigned int cid;
    unsigned char flags;
    unsigned char zero[3];
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int vsock(void) {
    int fd = socket(AF_VSOCK_, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    return fd;
}

/* xorshift64, as Guests.java has it. */
static uint64_t next(uint64_t state) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^ state << 17;
}

static void pour(unsigned port, uint64_t left) {
    static uint64_t words[PIECE / 8];
    uint64_t state = 1, taken = 0;
    int blocked = 0;
    int fd = vsock();
    struct address to = {.family = AF_VSOCK_, .port = port, .cid = 2};
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
    while (left > 0) {
        for (unsigned i = 0; i < PIECE / 8; i++) words[i] = state = next(state);
        size_t count = left < PIECE ? left : PIECE;
        for (size_t done = 0; done < count;) {
            ssize_t n = send(fd, (char *)words + done, count - done, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n >= 0) {
                done += n;
                taken += n;
                continue;
            }
            if (errno != EAGAIN) fail("send");
            if (!blocked) {
                blocked = 1;
                printf("blocked %llu\n", (unsigned long long)taken);
                fflush(stdout);
            }
            struct pollfd writable = {.fd = fd, .events = POLLOUT};
            if (poll(&writable, 1, -1) < 0) fail("poll");
        }
        left -= count;
    }
    printf("poured\n");
    fflush(stdout);
    shutdown(fd, SHUT_WR);
    char rest;
    while (read(fd, &rest, 1) > 0) {
    }
}

static void *echo(void *argument) {
    int fd = (int)(intptr_t)argument;
    char *bytes = malloc(PIECE);
    if (!bytes) fail("memory");
    ssize_t n;
    while ((n = read(fd, bytes, PIECE)) > 0) {
        for (ssize_t done = 0; done < n;) {
            ssize_t w = send(fd, bytes + done, n - done, MSG_NOSIGNAL);
            if (w < 0) {
                n = 0;
                break;
            }
            done += w;
        }
    }
    shutdown(fd, SHUT_WR);
    while (read(fd, bytes, PIECE) > 0) {
    }
    close(fd);
    free(bytes);
    return NULL;
}

static void echoes(unsigned port) {
    struct rlimit files = {4096, 4096};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0) fail("setrlimit");
    int listener = vsock();
    struct address on = {.family = AF_VSOCK_, .port = port, .cid = 0xffffffffu};
    if (bind(listener, (struct sockaddr *)&on, sizeof on) != 0 || listen(listener, 1024) != 0) fail("listen");
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        pthread_t thread;
        if (pthread_create(&thread, NULL, echo, (void *)(intptr_t)fd) != 0) fail("thread");
        pthread_detach(thread);
    }
}

static void again(unsigned port, unsigned own, int count) {
    struct address from = {.family = AF_VSOCK_, .port = own, .cid = 0xffffffffu};
    struct address to = {.family = AF_VSOCK_, .port = port, .cid = 2};
    for (int i = 0; i < count; i++) {
        char byte = 'x';
        int fd = vsock();
        while (bind(fd, (struct sockaddr *)&from, sizeof from) != 0) {
            if (errno != EADDRINUSE) fail("bind");
            usleep(10000); /* the kernel still holds the one before */
        }
        if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
        if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || shutdown(fd, SHUT_WR) != 0) fail("send");
        if (read(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 0) fail("receive");
        close(fd);
    }
    printf("%d\n", count);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "pour") == 0) {
        pour(strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "echoes") == 0) {
        echoes(strtoul(argv[2], NULL, 10));
    } else if (argc == 5 && strcmp(argv[1], "again") == 0) {
        again(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), atoi(argv[4]));
    } else {
        fprintf(stderr, "usage: vsock-load pour PORT BYTES | echoes PORT | again PORT OWN N\n");
        return 2;
    }
    return 0;
}
