/*
 * A TCP server in the guest for the tests: says "listening", then serves each connection in a process of its own.
 *
 *   tcp-probe echo PORT      sends back what comes, to its end
 *   tcp-probe greet PORT     sends "hello\n" and its end, then counts what comes
 *   tcp-probe count PORT     sends nothing, counts what comes
 *   tcp-probe flood PORT     sends without end, and counts that
 *   tcp-probe abort PORT     waits for one byte, answers "half" and resets
 *
 * A count is printed with how the connection ended: "end after 5" or "reset after 5".
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[65536];

static void said(const char *how, long count) {
    printf("%s after %ld\n", how, count);
    fflush(stdout);
}

static void count(int fd) {
    long sum = 0;
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        sum += got;
    }
    said(got == 0 ? "end" : "reset", sum);
}

static int send_all(int fd, const char *from, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, from, size, MSG_NOSIGNAL);
        if (sent < 0) {
            return -1;
        }
        from += sent;
        size -= sent;
    }
    return 0;
}

static void echo(int fd) {
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        if (send_all(fd, bytes, got) != 0) {
            return;
        }
    }
}

static void flood(int fd) {
    long sum = 0;
    for (;;) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        if (poll(&room, 1, 500) == 0) {
            said("stuck", sum);
            poll(&room, 1, -1);
        }
        ssize_t sent = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN) {
            said("reset", sum);
            return;
        }
        sum += sent > 0 ? sent : 0;
    }
}

static void serve(const char *how, int fd) {
    if (strcmp(how, "echo") == 0) {
        echo(fd);
    } else if (strcmp(how, "greet") == 0) {
        send_all(fd, "hello\n", 6);
        shutdown(fd, SHUT_WR);
        count(fd);
    } else if (strcmp(how, "count") == 0) {
        count(fd);
    } else if (strcmp(how, "flood") == 0) {
        flood(fd);
    } else if (read(fd, bytes, 1) == 1) {
        struct linger at_once = {.l_onoff = 1};
        send_all(fd, "half", 4);
        usleep(100000); /* for the bytes to be on their way */
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    close(fd);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: tcp-probe echo|greet|count|flood|abort PORT\n");
        return 2;
    }
    struct sockaddr_in on = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), reuse = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse);
    if (bind(listener, (struct sockaddr *)&on, sizeof on) != 0 || listen(listener, 256) != 0) {
        perror("listen");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            close(listener);
            serve(argv[1], fd);
            _exit(0);
        }
        close(fd);
    }
}
