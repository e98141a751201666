/*
 * The system calls of what unpacks beneath a directory, each looked at before it is made: while `unpacking`, nothing but one name
 * in a directory that is held open is named, no link is followed, and no memory is asked for. There are no owners and no
 * devices here, so that anybody can run it. To be included once, with all of these functions wrapped.
 */
#ifndef VMETTE_FUZZ_CONFINED_H
#define VMETTE_FUZZ_CONFINED_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

static bool unpacking;
static char target[80]; /* the only path that is named as a whole */

static void within(int directory, const char *name) {
    if (!unpacking) return;
    must(directory >= 3);
    must(*name && !strchr(name, '/') && strcmp(name, "..") != 0);
}

static void another(int directory, const char *name) {
    within(directory, name);
    must(!unpacking || strcmp(name, ".") != 0);
}

ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size) {
    if (!unpacking) return __real_write(fd, from, size);
    must(fd >= 2);
    return fd == 2 ? (ssize_t)size : __real_write(fd, from, size);
}

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode) {
    must(!unpacking || strcmp(path, target) == 0);
    return __real_open(path, flags, mode);
}

int __real_openat(int directory, const char *name, int flags, mode_t mode);
int __wrap_openat(int directory, const char *name, int flags, mode_t mode);
int __wrap_openat(int directory, const char *name, int flags, mode_t mode) {
    within(directory, name);
    must(!unpacking || (flags & O_CLOEXEC));
    must(!unpacking || strcmp(name, ".") == 0 || (flags & O_NOFOLLOW));
    return __real_openat(directory, name, flags, mode);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode) {
    must(!unpacking || strcmp(path, target) == 0);
    return __real_mkdir(path, mode);
}

int __real_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode);
int __wrap_mkdirat(int directory, const char *name, mode_t mode) {
    another(directory, name);
    return __real_mkdirat(directory, name, mode);
}

int __real_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags);
int __wrap_unlinkat(int directory, const char *name, int flags) {
    another(directory, name);
    must(!unpacking || flags == 0);
    return __real_unlinkat(directory, name, flags);
}

int __real_linkat(int from, const char *old, int to, const char *name, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *name, int flags);
int __wrap_linkat(int from, const char *old, int to, const char *name, int flags) {
    another(to, name);
    bool nameless = (flags == AT_EMPTY_PATH && !*old) ||
                    (flags == AT_SYMLINK_FOLLOW && strncmp(old, "/proc/self/fd/", 14) == 0);
    if (!nameless) {
        another(from, old);
        must(flags == 0);
    }
    return __real_linkat(from, old, to, name, flags);
}

int __real_symlinkat(const char *to, int directory, const char *name);
int __wrap_symlinkat(const char *to, int directory, const char *name);
int __wrap_symlinkat(const char *to, int directory, const char *name) {
    another(directory, name);
    return __real_symlinkat(to, directory, name);
}

int __real_mknodat(int directory, const char *name, mode_t mode, dev_t device);
int __wrap_mknodat(int directory, const char *name, mode_t mode, dev_t device);
int __wrap_mknodat(int directory, const char *name, mode_t mode, dev_t device) {
    another(directory, name);
    must((mode & 07077) == 0);
    must(S_ISFIFO(mode) ? device == 0 : S_ISCHR(mode) || S_ISBLK(mode));
    return __real_mknodat(directory, name, S_IFIFO | (mode & 07777), 0);
}

int __real_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name);
int __wrap_renameat(int from, const char *old, int to, const char *name) {
    another(from, old);
    another(to, name);
    return __real_renameat(from, old, to, name);
}

int __wrap_fchownat(int directory, const char *name, uid_t uid, gid_t gid, int flags);
int __wrap_fchownat(int directory, const char *name, uid_t uid, gid_t gid, int flags) {
    (void)uid, (void)gid;
    struct stat held;
    must(directory >= 3 && !*name && flags == AT_EMPTY_PATH); /* only what is held, and was looked at, not what a name leads to */
    must(fstat(directory, &held) == 0 && !S_ISREG(held.st_mode) && !S_ISDIR(held.st_mode));
    return 0;
}

int __real_utimensat(int directory, const char *name, const struct timespec times[2], int flags);
int __wrap_utimensat(int directory, const char *name, const struct timespec times[2], int flags);
int __wrap_utimensat(int directory, const char *name, const struct timespec times[2], int flags) {
    within(directory, name);
    must(flags == AT_SYMLINK_NOFOLLOW);
    return __real_utimensat(directory, name, times, flags);
}

int __wrap_fchown(int fd, uid_t uid, gid_t gid);
int __wrap_fchown(int fd, uid_t uid, gid_t gid) {
    (void)uid, (void)gid;
    must(fd >= 3);
    return 0;
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode) {
    must(fd >= 3 && mode <= 07777);
    return __real_fchmod(fd, (mode & 0777) | 0700);
}

int __real_chmod(const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_chmod(const char *path, mode_t mode) {
    must(strncmp(path, "/proc/self/fd/", 14) == 0 && mode <= 07777);
    return __real_chmod(path, mode & 0777);
}

/* Whatever an archive says, it takes no memory but what is there from the beginning. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
    must(!unpacking);
    return __real_malloc(size);
}
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size) {
    must(!unpacking);
    return __real_calloc(count, size);
}
void *__real_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size);
void *__wrap_realloc(void *bytes, size_t size) {
    must(!unpacking);
    return __real_realloc(bytes, size);
}

#endif
