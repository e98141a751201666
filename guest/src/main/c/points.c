#include "points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RESOLVE_IN_ROOT 0x10 /* linux/openat2.h, which musl does not have */

static int points_fd = -1, lower_fd = -1;

void points_begin(int points, int lower) {
    points_fd = points;
    lower_fd = lower;
}

/* Makes the directory `name` of `at` as it is in `below`, if it is there; both walk on. False: errno. */
static bool step(int *at, int *below, const char *name, mode_t mode, bool make) {
    struct stat status = {.st_mode = mode};
    int next = -1;
    if (*below >= 0) {
        bool there = fstatat(*below, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
        if (there && !S_ISDIR(status.st_mode)) {
            errno = ENOTDIR;
            return false;
        }
        if (there) next = openat(*below, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (there && next < 0) return false;
        if (*below != lower_fd) close(*below);
        *below = next;
    }
    if (next < 0 && !make) {
        errno = ENOENT;
        return false;
    }
    if (mkdirat(*at, name, 0755) < 0 && errno != EEXIST) return false;
    if (fchownat(*at, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW) < 0) return false;
    if (fchmodat(*at, name, status.st_mode & 07777, 0) < 0) return false;
    int inner = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) return false;
    if (*at != points_fd) close(*at);
    *at = inner;
    return true;
}

/* Walks all but the last name of path; the directory, or -1 with errno. */
static int parent(const char *path, bool make, const char **last) {
    int at = points_fd, below = lower_fd;
    const char *slash;
    bool fine = true;
    while (fine && (slash = strchr(path, '/'))) {
        char name[64];
        size_t length = (size_t)(slash - path);
        errno = ENAMETOOLONG;
        fine = length < sizeof name;
        if (!fine) break;
        memcpy(name, path, length);
        name[length] = 0;
        fine = step(&at, &below, name, 0755, make);
        path = slash + 1;
    }
    int number = errno;
    if (below >= 0 && below != lower_fd) close(below);
    *last = path;
    if (fine) return at == points_fd ? fcntl(points_fd, F_DUPFD_CLOEXEC, 3) : at;
    if (at != points_fd) close(at);
    errno = number;
    return -1;
}

bool points_directory(const char *path, mode_t mode) {
    struct stat status;
    if (fstatat(lower_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) return true;
    const char *name;
    int directory = parent(path, true, &name);
    if (directory < 0) return false;
    /* Where the lower has something else of this name, a link perhaps, the directory stands in its place. */
    bool made = mkdirat(directory, name, mode) == 0 && fchmodat(directory, name, mode, 0) == 0;
    bool fine = made || errno == EEXIST;
    close(directory);
    return fine;
}

bool points_file(const char *path, const void *bytes, size_t size, mode_t mode, bool make) {
    const char *name;
    int directory = parent(path, make, &name);
    if (directory < 0) return false;
    /* Where layer and lower are the same directory something may be there already: a FIFO must not be waited for. */
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
    int number = errno;
    close(directory);
    errno = number;
    if (fd < 0) return false;
    bool fine = fchmod(fd, mode) == 0;
    for (const char *at = bytes; fine && size > 0;) {
        ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR) continue;
        fine = put > 0;
        if (fine) at += put, size -= (size_t)put;
    }
    number = errno;
    close(fd);
    errno = number;
    return fine;
}

bool points_link(const char *path, const char *target, bool make) {
    const char *name;
    int directory = parent(path, make, &name);
    if (directory < 0) return false;
    bool fine = symlinkat(target, directory, name) == 0;
    int number = errno;
    close(directory);
    errno = number;
    return fine;
}

/* What of the lower a path leads to, without opening it. -1: errno. */
static int look(const char *path) {
    struct { uint64_t flags, mode, resolve; } how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    return (int)syscall(SYS_openat2, lower_fd, path, &how, sizeof how);
}

off_t points_lower_size(const char *path) {
    struct stat status;
    int fd = look(path);
    if (fd < 0) return -1;
    off_t size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? status.st_size : -1;
    close(fd);
    return size;
}

bool points_lower_has(const char *path) {
    int fd = look(path);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

static bool name_of(int fd, char link[32], char name[POINTS_PATH]) {
    snprintf(link, 32, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, POINTS_PATH);
    if (length == POINTS_PATH) errno = ENAMETOOLONG;
    if (length < 0 || length == POINTS_PATH) return false;
    name[length] = 0;
    return true;
}

/* Looks for what has this type; its path from the lower on, and the link that leads to it whatever becomes of its name. */
static int found(const char *path, mode_t type, char link[32], char real[POINTS_PATH]) {
    char top[POINTS_PATH];
    struct stat status;
    int fd = look(path);
    if (fd < 0) return -1;
    bool fine = fstat(fd, &status) == 0;
    if (fine && (status.st_mode & S_IFMT) != type) {
        errno = EINVAL;
        fine = false;
    }
    fine = fine && name_of(lower_fd, link, top) && name_of(fd, link, real);
    if (fine) {
        size_t length = strcmp(top, "/") ? strlen(top) : 0;
        errno = EXDEV;
        fine = strncmp(real, top, length) == 0 && real[length] == '/' && real[length + 1];
        if (fine) memmove(real, real + length + 1, strlen(real + length + 1) + 1);
    }
    if (fine) return fd;
    int number = errno;
    close(fd);
    errno = number;
    return -1;
}

int points_lower_file(const char *path, char real[POINTS_PATH]) {
    char link[32];
    int fd = found(path, S_IFREG, link, real);
    if (fd < 0) return -1;
    int opened = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int number = errno;
    close(fd);
    errno = number;
    return opened;
}

bool points_lower_directory(const char *path, char real[POINTS_PATH]) {
    char link[32];
    int fd = found(path, S_IFDIR, link, real);
    if (fd >= 0) close(fd);
    return fd >= 0;
}
