/*
 * A guest program for the tests: talks vsock as any program in a VM may, and attacks the agent.
 *
 *   vsock-probe dial PORT      connects to the host, stdin to the socket, the socket to stdout
 *   vsock-probe echo PORT      listens, prints "listening", serves one connection, sends back what comes
 *   vsock-probe tell PORT FILE listens, prints "listening", and sends what is in a file to whoever connects
 *   vsock-probe messages PORT  the same with messages: SOCK_SEQPACKET
 *   vsock-probe ask PORT       dials the host for messages, sends those of 1, 10, 1000 and 50000 bytes, prints the lengths that
 *                              come back, and whether one of 4 MiB is refused
 *   vsock-probe attack         tries what a guest process might to get hold of the agent's link; prints what it could do
 *   vsock-probe pattern BYTES FILE [GATE]
 *                              writes so many bytes, each determined by its offset, to stdout; FILE holds how many so far; half
 *                              way it waits until there is a file GATE
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#define AF_VSOCK_ 40
struct address {
    unsigned short family;
    unsigned short reserved;
    unsigned int port;
    unsigned int cid;
    unsigned char flags;
    unsigned char zero[3];
};

static int socket_type = SOCK_STREAM;

static int vsock(void) {
    int fd = socket(AF_VSOCK_, socket_type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        perror("socket");
        exit(1);
    }
    return fd;
}

static int dial(unsigned cid, unsigned port) {
    int fd = vsock();
    struct address to = {.family = AF_VSOCK_, .port = port, .cid = cid};
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int write_all(int fd, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        if (n < 0) {
            return -1;
        }
        bytes += n;
        count -= n;
    }
    return 0;
}

/* Both directions at once, each half-closed on its own. */
static void pump(int in, int out, int sock) {
    static char to[65536];
    static char from[65536];
    int reading = 1;
    int receiving = 1;
    while (reading || receiving) {
        struct pollfd fds[2] = {{.fd = reading ? in : -1, .events = POLLIN}, {.fd = receiving ? sock : -1, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) {
            perror("poll");
            exit(1);
        }
        if (fds[0].revents) {
            ssize_t n = read(in, to, sizeof to);
            if (n <= 0) {
                reading = 0;
                shutdown(sock, SHUT_WR);
            } else {
                /* A full socket must not keep us from receiving. */
                size_t done = 0;
                while (done < (size_t)n) {
                    ssize_t w = send(sock, to + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
                    if (w > 0) {
                        done += w;
                    } else if (errno == EAGAIN) {
                        struct pollfd both = {.fd = sock, .events = POLLOUT | (receiving ? POLLIN : 0)};
                        poll(&both, 1, -1);
                        if (both.revents & POLLIN) {
                            ssize_t r = read(sock, from, sizeof from);
                            if (r <= 0) {
                                receiving = 0;
                            } else if (write_all(out, from, r) != 0) {
                                exit(1);
                            }
                        }
                    } else {
                        perror("send");
                        exit(1);
                    }
                }
            }
        }
        if (fds[1].revents) {
            ssize_t n = read(sock, from, sizeof from);
            if (n < 0) {
                perror("receive");
                exit(1);
            }
            if (n == 0) {
                receiving = 0;
            } else if (write_all(out, from, n) != 0) {
                exit(1);
            }
        }
    }
}

static void echo(unsigned port) {
    int listener = vsock();
    struct address on = {.family = AF_VSOCK_, .port = port, .cid = 0xffffffffu};
    if (bind(listener, (struct sockaddr *)&on, sizeof on) != 0 || listen(listener, 4) != 0) {
        perror("listen");
        exit(1);
    }
    printf("listening\n");
    fflush(stdout);
    int fd = accept(listener, NULL, NULL);
    static char bytes[65536];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        if (write_all(fd, bytes, n) != 0) {
            perror("write");
            exit(1);
        }
    }
    shutdown(fd, SHUT_WR);
    /* Until the host has taken everything and closes its side. */
    while (read(fd, bytes, sizeof bytes) > 0) {
    }
}

static void ask(int fd) {
    static char bytes[4 << 20];
    static const int lengths[] = {1, 10, 1000, 50000, 80000}; /* the last is two packets */
    const int count = sizeof lengths / sizeof *lengths;
    for (int i = 0; i < count; i++) {
        memset(bytes, 'a' + i, lengths[i]);
        if (send(fd, bytes, lengths[i], 0) != lengths[i]) {
            perror("send");
            exit(1);
        }
    }
    for (int i = 0; i < count; i++) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        int same = n > 0;
        for (ssize_t at = 0; at < n; at++) {
            same &= bytes[at] == 'a' + i;
        }
        printf("%zd %s\n", n, same ? "same" : "other");
    }
    /* EMSGSIZE, or on older kernels ENOMEM */
    printf("%s\n", send(fd, bytes, sizeof bytes, 0) < 0 ? "too long" : "sent");
}

static void report(const char *what, int could) {
    printf("%s: %s\n", what, could ? "COULD" : strerror(errno));
}

/* Whether the agent keeps a connection open and answers it. */
static int answered(int fd, const char *bytes, size_t count) {
    if (fd < 0) {
        return 0;
    }
    errno = 0;
    if (send(fd, bytes, count, MSG_NOSIGNAL) < 0) {
        return 0;
    }
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char byte;
    int got = poll(&readable, 1, 8000) > 0 && read(fd, &byte, 1) == 1;
    if (!got && errno == 0) {
        errno = ECONNRESET;
    }
    return got;
}

static void attack(void) {
    static const unsigned cids[] = {1, 2, 3, 0xffffffffu};
    static const char control[] = "VMTC\x03\0\0\0\x01\x01\0";
    char data[4 + 8 + 1 + 16] = "VMTD";
    unsigned own = 0;
    int device = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
    if (device >= 0) {
        ioctl(device, 0x7b9 /* IOCTL_VM_SOCKETS_GET_LOCAL_CID */, &own);
    }
    for (unsigned i = 0; i < 4; i++) {
        char what[64];
        snprintf(what, sizeof what, "control by cid %u", cids[i]);
        report(what, answered(dial(cids[i], 1024), control, sizeof control - 1));
    }
    int could = 0;
    for (int i = 0; i < 200; i++) {
        int fd = dial(own ? own : 3, 1024);
        if (fd < 0) {
            break;
        }
        uint64_t execution = 1 + i % 4;
        memcpy(data + 4, &execution, 8);
        data[12] = i % 3;
        for (int b = 13; b < 29; b++) {
            data[b] = rand();
        }
        could |= send(fd, data, sizeof data, MSG_NOSIGNAL) == sizeof data && answered(fd, data, 1);
        close(fd);
    }
    report("guess a token", could);
    int listener = vsock();
    struct address on = {.family = AF_VSOCK_, .port = 1024, .cid = 0xffffffffu};
    report("bind the agent's port", bind(listener, (struct sockaddr *)&on, sizeof on) == 0);
    report("ptrace PID 1 as it is", geteuid() != 0 && ptrace(PTRACE_SEIZE, 1, 0, 0) == 0);
    report("open PID 1's descriptors", geteuid() != 0 && open("/proc/1/fd/0", O_RDONLY) >= 0);
    printf("done\n");
}

/* The 8-byte word number i of the pattern is i times this, little-endian. */
#define PATTERN_STEP 0x9e3779b97f4a7c15u

static void pattern(uint64_t total, const char *path, const char *gate) {
    static uint64_t words[4096];
    int progress = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    for (uint64_t done = 0; done < total;) {
        for (size_t i = 0; i < 4096; i++) words[i] = (done / 8 + i) * PATTERN_STEP;
        uint64_t size = total - done < sizeof words ? total - done : sizeof words;
        if (write_all(1, (const char *)words, size) != 0) exit(3);
        done += size;
        dprintf(progress, "%020llu", (unsigned long long)done);
        lseek(progress, 0, SEEK_SET);
        while (gate != NULL && done >= total / 2 && access(gate, F_OK) != 0) poll(NULL, 0, 20);
    }
}

static void tell(unsigned port, const char *file) {
    int listener = vsock();
    struct address any = {.family = AF_VSOCK_, .port = port, .cid = 0xffffffff};
    if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 8) != 0) {
        perror("listen");
        exit(1);
    }
    puts("listening");
    fflush(stdout);
    for (;;) {
        char text[256];
        int sock = accept(listener, NULL, NULL);
        int from = open(file, O_RDONLY | O_CLOEXEC);
        ssize_t size = read(from, text, sizeof text);
        if (size > 0) write_all(sock, text, size);
        close(from);
        close(sock);
    }
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "dial") == 0) {
        int fd = dial(2, strtoul(argv[2], NULL, 10));
        if (fd < 0) {
            perror("connect");
            return 1;
        }
        pump(0, 1, fd);
    } else if (argc == 3 && strcmp(argv[1], "echo") == 0) {
        echo(strtoul(argv[2], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "messages") == 0) {
        socket_type = SOCK_SEQPACKET;
        echo(strtoul(argv[2], NULL, 10));
    } else if (argc == 3 && strcmp(argv[1], "ask") == 0) {
        socket_type = SOCK_SEQPACKET;
        int fd = dial(2, strtoul(argv[2], NULL, 10));
        if (fd < 0) {
            perror("connect");
            return 1;
        }
        ask(fd);
    } else if ((argc == 4 || argc == 5) && strcmp(argv[1], "pattern") == 0) {
        pattern(strtoull(argv[2], NULL, 10), argv[3], argv[4]);
    } else if (argc == 4 && strcmp(argv[1], "tell") == 0) {
        tell(strtoul(argv[2], NULL, 10), argv[3]);
    } else if (argc == 2 && strcmp(argv[1], "attack") == 0) {
        attack();
    } else {
        fprintf(stderr, "usage: vsock-probe dial|echo|messages|ask PORT | tell PORT FILE | attack | pattern BYTES FILE [GATE]\n");
        return 2;
    }
    return 0;
}
