#include "builtin_runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "builtins.h"
#include "check.h"

const char *test_name;
char place[] = "/tmp/vmette-files-XXXXXX";
bool nameless = true;
const char *swapped_for;

const char *__asan_default_options(void) { return "exitcode=99:detect_leaks=0"; }
const char *__ubsan_default_options(void) { return "exitcode=99"; }

/* The linker has the built-ins call this one. */
int __real_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode) {
    if (!nameless && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    const int as_made = O_PATH | O_NOFOLLOW;
    if (swapped_for && (flags & as_made) == as_made) {
        unlinkat(directory, path, 0);
        linkat(AT_FDCWD, swapped_for, directory, path, 0);
    }
    return __real_openat(directory, path, flags, mode);
}

static void place_remove(void) {
    char line[100];
    snprintf(line, sizeof line, "rm -rf '%s'", place);
    if (system(line) != 0) fprintf(stderr, "%s is left behind\n", place);
}

void place_make(void) {
    check(mkdtemp(place) != NULL);
    atexit(place_remove);
}

#define KEPT 32

const char *in_place(const char *name) {
    static char paths[KEPT][5000];
    static int next;
    char *path = paths[next++ % KEPT];
    snprintf(path, sizeof paths[0], "%s/%s", place, name);
    return path;
}

static int memory_of(const void *bytes, size_t size) {
    int fd = memfd_create("stream", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static char *content_of(int fd, size_t *size) {
    off_t end = lseek(fd, 0, SEEK_END);
    char *bytes = malloc((size_t)end + 1);
    check(bytes && pread(fd, bytes, (size_t)end, 0) == end);
    bytes[end] = 0;
    *size = (size_t)end;
    close(fd);
    return bytes;
}

static _Noreturn void child(const int streams[3], const char *const *arguments) {
    char *argv[8] = {0};
    for (int i = 0; arguments[i] && i < 7; i++) argv[i] = strdup(arguments[i]);
    for (int i = 0; i < 3; i++) dup2(streams[i], i);
    builtin_run(argv);
}

struct run builtin_raw(const void *input, size_t size, const char *const *arguments) {
    static struct run last[KEPT];
    static int next;
    struct run *run = &last[next++ % KEPT];
    int streams[3] = {memory_of(input, size), memory_of("", 0), memory_of("", 0)}, status;
    size_t said_size;
    free(run->output);
    free(run->said);
    pid_t pid = fork();
    if (pid == 0) child(streams, arguments);
    check_equal(waitpid(pid, &status, 0), pid);
    run->status = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
    close(streams[0]);
    run->output = content_of(streams[1], &run->output_size);
    run->said = content_of(streams[2], &said_size);
    check_says(run->status != CRASHED, "%s %s: %s", arguments[0], arguments[1], run->said);
    return *run;
}

/* In chunks of uneven size, so that every boundary is met. */
struct run builtin_given(const void *input, size_t size, const char *const *arguments) {
    uint8_t *framed = malloc(size + 4 * (size / 700 + 2)), *to = framed;
    const uint8_t *from = input;
    for (size_t left = size, chunk; ; left -= chunk, from += chunk) {
        chunk = left < 777 ? left : 777;
        for (int i = 0; i < 4; i++) *to++ = (uint8_t)(chunk >> 8 * i);
        if (chunk == 0) break;
        memcpy(to, from, chunk);
        to += chunk;
    }
    struct run run = builtin_raw(framed, (size_t)(to - framed), arguments);
    free(framed);
    return run;
}

void spill(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    check_says(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path, strerror(errno));
    close(fd);
}

const char *slurp(const char *path, size_t *size) {
    static char *kept[KEPT];
    static int next;
    char **content = &kept[next++ % KEPT];
    size_t own;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    check_says(fd >= 0, "%s: %s", path, strerror(errno));
    free(*content);
    *content = content_of(fd, size ? size : &own);
    return *content;
}

int names_in(const char *path) {
    DIR *directory = opendir(path);
    check_says(directory != NULL, "%s: %s", path, strerror(errno));
    int count = -2;
    while (readdir(directory)) count++;
    closedir(directory);
    return count;
}

void shell(const char *format, ...) {
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    int size = snprintf(line, sizeof line, "set -e; cd '%s'; ", place);
    vsnprintf(line + size, sizeof line - (size_t)size, format, arguments);
    va_end(arguments);
    int status = system(line);
    check_says(status == 0, "%s ended with 0x%x", line, (unsigned)status);
}
