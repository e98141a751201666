/*
 * tcp-fetch ADDRESS PORT: sends an HTTP request for /index.html and prints what comes after the headers. Ten seconds at most, then SIGALRM. It looks up no
 * names, which the guest's static busybox cannot do without the libraries of a whole root.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **words) {
    static char answer[65536];
    struct sockaddr_in to = {.sin_family = AF_INET};
    const char request[] = "GET /index.html HTTP/1.0\r\n\r\n";
    if (count != 3 || inet_pton(AF_INET, words[1], &to.sin_addr) != 1) return 2;
    to.sin_port = htons((unsigned short)atoi(words[2]));
    alarm(10);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        perror("connect");
        return 1;
    }
    if (write(fd, request, sizeof request - 1) < 0) return 1;
    size_t size = 0;
    for (ssize_t got; (got = read(fd, answer + size, sizeof answer - 1 - size)) > 0;) size += (size_t)got;
    const char *body = strstr(answer, "\r\n\r\n");
    if (!body) return 1;
    fputs(body + 4, stdout);
    return 0;
}
