#include "builtins.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WORD_MAX 400 /* bytes of a path that are shown */

static const struct builtin {
    const char *name;
    int (*run)(char **arguments, int count);
    int least, most; /* arguments; the first is a path */
} builtins[] = {
    {"read", builtin_read, 2, 3},     {"write", builtin_write, 3, 3},   {"list", builtin_list, 1, 1},
    {"stat", builtin_stat, 1, 2},     {"mkdir", builtin_mkdir, 2, 3},   {"remove", builtin_remove, 1, 2},
    {"tar-out", builtin_tar_out, 1, 1}, {"tar-in", builtin_tar_in, 1, 1},
};

static const struct builtin *find(const char *name) {
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
        if (strcmp(builtins[i].name, name) == 0) return &builtins[i];
    }
    return NULL;
}

bool builtin_known(const char *name) { return find(name) != NULL; }

int blame(int number, const char *path) {
    char text[WORD_MAX + 100];
    const char *why = number == STATUS_BAD_ARCHIVE   ? "not a whole tar archive"
                      : number == STATUS_UNSUPPORTED ? "of a kind that is not unpacked"
                      : number == STATUS_UNSAFE_NAME ? "a name that leads out of the directory"
                      : number == STATUS_CHANGED     ? "shrank while it was read"
                                                     : strerror(number);
    int size = snprintf(text, sizeof text, "%.*s: %s\n", WORD_MAX, path, why);
    if (size > 0) {
        ssize_t ignored = write(2, text, (size_t)size); /* below PIPE_BUF, and the first thing in the pipe */
        (void)ignored;
    }
    return number;
}

bool number_of(const char *text, int base, uint64_t most, uint64_t *value) {
    char *end;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *value = strtoull(text, &end, base);
    return errno == 0 && *end == 0 && *value <= most;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A path's bytes: an argument is UTF-8 and a path need not be, so %xx stands for a byte. False: not of that form. */
static bool decode(char *path) {
    char *to = path;
    for (const char *from = path; *from; to++) {
        if (*from != '%') {
            *to = *from++;
            continue;
        }
        int high = hex(from[1]), low = high < 0 ? -1 : hex(from[2]);
        if (low < 0 || (high | low) == 0) return false;
        *to = (char)(high << 4 | low);
        from += 3;
    }
    *to = 0;
    return path[0] == '/';
}

static void close_others(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3u, ~0u, 0u) == 0) return;
#endif
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) < 0) return;
    for (int fd = 3; fd < (int)files.rlim_cur; fd++) close(fd);
}

_Noreturn void builtin_run(char **argv) {
    const struct builtin *builtin = find(argv[0]);
    int count = 0;
    while (argv[count + 1]) count++;
    prctl(PR_SET_DUMPABLE, 0); /* the tokens of other executions are in this memory */
    close_others();
    umask(0);
    if (count < builtin->least || count > builtin->most || !decode(argv[1])) _exit(EINVAL);
    _exit(builtin->run(argv + 1, count));
}
