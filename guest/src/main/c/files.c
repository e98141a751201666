/* read PATH OFFSET [LENGTH] and write PATH MODE HOW: one file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "aside.h"
#include "builtins.h"
#include "input.h"
#include "output.h"

#define LINKS_MAX 40 /* path_resolution(7) */

/* linux/magic.h, which musl has not */
enum file_system {
    PROC = 0x9fa0, SYSFS = 0x62656572, CGROUP = 0x27e0eb, CGROUP2 = 0x63677270, DEBUGFS = 0x64626720,
    TRACEFS = 0x74726163, SECURITYFS = 0x73636673,
};

/* --- read --- */

/* A pipe or a socket has no content of its own: reading would take it from somebody, or wait for ever. */
static int open_source(const char *path, int *file) {
    struct stat status;
    *file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (*file < 0) return errno == ENXIO ? EOPNOTSUPP : errno;
    if (fstat(*file, &status) < 0) return errno;
    if (S_ISDIR(status.st_mode)) return EISDIR;
    if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) return EOPNOTSUPP;
    return fcntl(*file, F_SETFL, 0) < 0 ? errno : 0;
}

static int copy_out(int file, uint64_t left) {
    while (left > 0) {
        size_t room;
        int failed;
        uint8_t *to = output_room(&room, &failed);
        if (failed) return failed;
        ssize_t got = read(file, to, left < room ? (size_t)left : room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) break;
        output_used((size_t)got);
        left -= (uint64_t)got;
        failed = output_flush();
        if (failed) return failed;
    }
    return 0;
}

int builtin_read(char **arguments, int count) {
    uint64_t offset, length = UINT64_MAX;
    int file;
    if (!number_of(arguments[1], 10, INT64_MAX, &offset)) return EINVAL;
    if (count == 3 && !number_of(arguments[2], 10, INT64_MAX, &length)) return EINVAL;
    int failed = open_source(arguments[0], &file);
    if (failed) return failed;
    if (offset > 0 && lseek(file, (off_t)offset, SEEK_SET) < 0) return errno;
    return copy_out(file, length);
}

/* --- write --- */

/* Follows symbolic links in last place: the directory that holds the file, or will, and its name there. */
static int destination(const char *path, int *directory, char name[NAME_MAX + 1]) {
    char text[PATH_MAX], target[PATH_MAX];
    int from = AT_FDCWD;
    for (int links = 0; links <= LINKS_MAX; links++) {
        const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
        if (strlen(last) > NAME_MAX || strlen(path) >= PATH_MAX) return ENAMETOOLONG;
        if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) return EISDIR;
        size_t length = slash ? (size_t)(slash - path) + 1 : 0;
        memcpy(text, path, length);
        strcpy(text + length, length ? "" : ".");
        strcpy(name, last);
        *directory = openat(from, text, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (*directory < 0) return errno;
        ssize_t size = readlinkat(*directory, name, target, sizeof target - 1);
        if (size < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno; /* no link; nothing there */
        target[size] = 0;
        path = target;
        from = *directory;
    }
    return ELOOP;
}

/* Their files stand for something in the kernel, and there is no putting another in the place of one. */
static bool kernel_made(int directory) {
    struct statfs system;
    if (fstatfs(directory, &system) < 0) return false;
    switch ((uint32_t)system.f_type) {
    case PROC:
    case SYSFS:
    case CGROUP:
    case CGROUP2:
    case DEBUGFS:
    case TRACEFS:
    case SECURITYFS:
        return true;
    default:
        return false;
    }
}

static int copy_in(int file) {
    for (;;) {
        const uint8_t *bytes;
        ssize_t got = input_take(&bytes, SIZE_MAX / 2);
        if (got <= 0) return got < 0 ? errno : 0;
        int failed = write_fully(file, bytes, (size_t)got);
        if (failed) return failed;
    }
}

/* into: the file that is there already, or is made by flags. */
static int write_in_place(int directory, const char *name, int flags, mode_t mode) {
    struct stat status;
    int file = openat(directory, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, mode);
    if (file < 0) return errno;
    if (fstat(file, &status) < 0 || fcntl(file, F_SETFL, flags & O_APPEND) < 0) return errno;
    return copy_in(file);
}

static int write_aside(int directory, const char *name, mode_t mode, const struct stat *former, bool replace) {
    struct aside aside;
    int failed = aside_open(&aside, directory);
    if (failed) return failed;
    failed = copy_in(aside.fd);
    if (!failed && former && fchown(aside.fd, former->st_uid, former->st_gid) < 0) failed = errno;
    if (!failed && fchmod(aside.fd, mode) < 0) failed = errno; /* after chown, which takes setuid away */
    if (!failed) return aside_commit(&aside, name, replace);
    aside_abandon(&aside);
    return failed;
}

int builtin_write(char **arguments, int count) {
    const char *path = arguments[0], *how = arguments[2];
    char name[NAME_MAX + 1];
    uint64_t mode;
    int directory;
    (void)count;
    if (!number_of(arguments[1], 8, 07777, &mode)) return EINVAL;
    struct stat status;
    bool create = strcmp(how, "create") == 0;
    if (create && lstat(path, &status) == 0) return EEXIST;
    int failed = destination(path, &directory, name);
    if (failed) return failed;
    bool there = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there && errno != ENOENT) return errno;
    if (there && S_ISDIR(status.st_mode)) return EISDIR;

    if (strcmp(how, "append") == 0) return write_in_place(directory, name, O_APPEND | O_CREAT, (mode_t)mode);
    bool in_place = strcmp(how, "in-place") == 0;
    if (in_place && !there) return write_in_place(directory, name, O_CREAT | O_EXCL, (mode_t)mode);
    if (in_place || (there && (!S_ISREG(status.st_mode) || kernel_made(directory)))) {
        return write_in_place(directory, name, O_TRUNC, 0);
    }
    if (!create && strcmp(how, "replace") != 0) return EINVAL;
    return write_aside(directory, name, (mode_t)mode, there ? &status : NULL, !create);
}
