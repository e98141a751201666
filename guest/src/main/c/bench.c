#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "power.h"

#define WORD "vmette.bench="
#define COMMAND_LINE_MAX 4096 /* COMMAND_LINE_SIZE of the larger architectures */

static char line[COMMAND_LINE_MAX + 1];

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void decode(char *text) {
    char *to = text;
    for (const char *from = text; *from; to++) {
        int high = *from == '%' ? hex(from[1]) : -1;
        int low = high >= 0 ? hex(from[2]) : -1;
        *to = low >= 0 ? (char)(high << 4 | low) : *from;
        from += low >= 0 ? 3 : 1;
    }
    *to = 0;
}

const char *bench_command(void) {
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    ssize_t size = read(fd, line, COMMAND_LINE_MAX);
    close(fd);
    line[size > 0 ? size : 0] = 0;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
        if (strncmp(word, WORD, sizeof WORD - 1) != 0) continue;
        decode(word + sizeof WORD - 1);
        return word + sizeof WORD - 1;
    }
    return NULL;
}

void bench_run(const char *command) {
    pid_t pid = fork();
    if (pid < 0) fatal("cannot fork for " WORD "%s: %s", command, strerror(errno));
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        execle("/bin/sh", "sh", "-c", command, (char *)NULL,
               (char *[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL});
        console_say("cannot run /bin/sh: %s", strerror(errno));
        _exit(127);
    }
    for (pid_t ended = 0; ended != pid;) {
        ended = waitpid(-1, NULL, 0);
        if (ended < 0 && errno != EINTR) break;
    }
    power_off();
}
