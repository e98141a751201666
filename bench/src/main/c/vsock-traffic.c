/*
 * The guest's end of "bench/run vsock", the same for every back-end.
 *
 *   vsock-traffic PORT    listens; each connection begins with an order and is served by a thread of its own
 *
 * An order is 16 bytes, little-endian: u32 mode, u32 size of a write, u64 bytes.
 * Modes: 1 send that many bytes; 2 receive them, then send one byte; 3 both at once; 4 send back what comes in pieces of that size, until the
 * host has ended. Then the guest ends its side and waits for the host's end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AF_VSOCK_ 40
#define LARGEST (64 * 1024)

enum { SEND = 1, RECEIVE = 2, BOTH = 3, ECHO = 4 };

struct address {
    unsigned short family;
    unsigned short reserved;
    unsigned int port;
    unsigned int cid;
    unsigned char flags;
    unsigned char zero[3];
};

struct order {
    uint32_t mode;
    uint32_t size;
    uint64_t bytes;
};

struct job {
    int fd;
    struct order order;
};

static void fail(const char *what) {
    fprintf(stderr, "vsock-traffic: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *buffer(void) {
    void *bytes = calloc(1, LARGEST);
    if (!bytes) fail("memory");
    return bytes;
}

static int write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        if (n < 0) return -1;
        bytes += n;
        count -= n;
    }
    return 0;
}

static int read_all(int fd, char *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = read(fd, bytes, count);
        if (n <= 0) return -1;
        bytes += n;
        count -= n;
    }
    return 0;
}

static void *send_bytes(void *argument) {
    struct job *job = argument;
    char *bytes = buffer();
    for (uint64_t left = job->order.bytes; left > 0;) {
        size_t now = left < job->order.size ? left : job->order.size;
        if (write_all(job->fd, bytes, now) != 0) break;
        left -= now;
    }
    free(bytes);
    return NULL;
}

static void receive_bytes(struct job *job) {
    char *bytes = buffer();
    for (uint64_t left = job->order.bytes; left > 0;) {
        ssize_t n = read(job->fd, bytes, left < LARGEST ? left : LARGEST);
        if (n <= 0) break;
        left -= n;
    }
    free(bytes);
}

static void echo(struct job *job) {
    char *bytes = buffer();
    while (read_all(job->fd, bytes, job->order.size) == 0 && write_all(job->fd, bytes, job->order.size) == 0) {
    }
    free(bytes);
}

static void *serve(void *argument) {
    struct job *job = argument;
    pthread_t sender;
    if (read_all(job->fd, (char *)&job->order, sizeof job->order) == 0 && job->order.size > 0 && job->order.size <= LARGEST) {
        switch (job->order.mode) {
            case SEND:
                send_bytes(job);
                break;
            case RECEIVE:
                receive_bytes(job);
                write_all(job->fd, "", 1);
                break;
            case BOTH:
                if (pthread_create(&sender, NULL, send_bytes, job) != 0) fail("thread");
                receive_bytes(job);
                pthread_join(sender, NULL);
                write_all(job->fd, "", 1);
                break;
            case ECHO:
                echo(job);
                break;
            default:
                fprintf(stderr, "vsock-traffic: mode %u?\n", job->order.mode);
        }
    }
    char rest[64];
    shutdown(job->fd, SHUT_WR);
    while (read(job->fd, rest, sizeof rest) > 0) {
    }
    close(job->fd);
    free(job);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: vsock-traffic PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_VSOCK_, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct address on = {.family = AF_VSOCK_, .port = strtoul(argv[1], NULL, 10), .cid = 0xffffffffu};
    if (listener < 0 || bind(listener, (struct sockaddr *)&on, sizeof on) != 0 || listen(listener, 128) != 0) fail("listen");
    for (;;) {
        struct job *job = calloc(1, sizeof *job);
        if (!job) fail("memory");
        job->fd = accept(listener, NULL, NULL);
        if (job->fd < 0) fail("accept");
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, job) != 0) fail("thread");
        pthread_detach(thread);
    }
}
