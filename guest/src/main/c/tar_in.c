/*
 * tar-in PATH: unpacks an archive beneath a directory, which is made if it is not there. Every name is walked from
 * the directory, component by component and without following a link, so that nothing is ever made outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "aside.h"
#include "builtins.h"
#include "output.h"
#include "tar.h"

#define PARENT_MODE 0755
#define DEPTH_MAX (PATH_MAX / 2)

static int root;

/* --- names --- */

/* Without ".", doubled and trailing slashes; empty: the directory itself. */
static int normal(const char *name, char to[PATH_MAX]) {
    size_t size = 0;
    if (*name == '/' || !*name) return STATUS_UNSAFE_NAME;
    while (*name) {
        size_t length = strcspn(name, "/");
        if (length == 2 && name[0] == '.' && name[1] == '.') return STATUS_UNSAFE_NAME;
        if (length > 0 && !(length == 1 && name[0] == '.')) {
            if (size > 0) to[size++] = '/';
            memcpy(to + size, name, length); /* never longer than what it is made from */
            size += length;
        }
        name += length + (name[length] == '/');
    }
    to[size] = 0;
    return 0;
}

static int open_directory(int parent, const char *name) {
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory in which a name is, held open for the next name in it. */
static int parent_fd = -1;
static char parent_name[PATH_MAX];

/* last: the name in it. make: directories that no entry has named. */
static int parent_of(char *name, bool make, int *parent, const char **last) {
    char *slash = strrchr(name, '/');
    *last = slash ? slash + 1 : name;
    size_t length = slash ? (size_t)(slash - name) : 0;
    if (parent_fd >= 0 && strlen(parent_name) == length && memcmp(parent_name, name, length) == 0) {
        *parent = parent_fd;
        return 0;
    }
    int at = open_directory(root, ".");
    if (at < 0) return errno;
    for (char *from = name; from < *last;) {
        char component[NAME_MAX + 1];
        size_t size = strcspn(from, "/");
        if (size > NAME_MAX) {
            close(at);
            return ENAMETOOLONG;
        }
        memcpy(component, from, size);
        component[size] = 0;
        int next = open_directory(at, component);
        if (next < 0 && errno == ENOENT && make && mkdirat(at, component, PARENT_MODE) == 0) {
            next = open_directory(at, component);
        }
        int number = errno;
        close(at);
        if (next < 0) return number;
        at = next;
        from += size + 1;
    }
    if (parent_fd >= 0) close(parent_fd);
    parent_fd = *parent = at;
    memcpy(parent_name, name, length);
    parent_name[length] = 0;
    return 0;
}

/* --- times of directories, which what is put into them would change --- */

static struct { size_t length; struct timespec time; } pending[DEPTH_MAX];
static int pending_count;
static char pending_path[PATH_MAX]; /* of the innermost; each other's is the beginning of it */

static void set_time(int parent, const char *name, struct timespec time) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, time};
    utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW); /* a time that the file system does not take is no failure */
}

static void leave_directory(void) {
    char name[PATH_MAX];
    const char *last;
    int parent;
    size_t length = pending[--pending_count].length;
    memcpy(name, pending_path, length);
    name[length] = 0;
    if (length == 0) set_time(root, ".", pending[pending_count].time);
    else if (parent_of(name, false, &parent, &last) == 0) set_time(parent, last, pending[pending_count].time);
}

static bool beneath(const char *name, size_t length) {
    if (length == 0) return true;
    return strncmp(name, pending_path, length) == 0 && (name[length] == '/' || name[length] == 0);
}

static void leave_directories(const char *next) {
    while (pending_count > 0 && !(next && beneath(next, pending[pending_count - 1].length))) leave_directory();
}

static void set_time_later(const char *name, struct timespec time) {
    size_t length = strlen(name);
    if (pending_count > 0 && pending[pending_count - 1].length == length) pending_count--; /* told twice */
    if (pending_count == DEPTH_MAX) return;
    strcpy(pending_path, name);
    pending[pending_count].length = length;
    pending[pending_count++].time = time;
}

/* --- kinds --- */

static struct timespec time_of(const struct tar_entry *entry) {
    return (struct timespec){.tv_sec = entry->seconds, .tv_nsec = entry->nanos};
}

static int unpack_file(const struct tar_entry *entry, int parent, const char *name) {
    struct aside aside;
    int failed = aside_open(&aside, parent);
    if (failed) return failed;
    for (;;) {
        const uint8_t *bytes;
        size_t size;
        failed = tar_content(&bytes, &size);
        if (failed || size == 0) break;
        failed = write_fully(aside.fd, bytes, size);
        if (failed) break;
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, time_of(entry)};
    if (!failed && fchown(aside.fd, entry->uid, entry->gid) < 0) failed = errno;
    if (!failed && fchmod(aside.fd, entry->mode) < 0) failed = errno;
    if (!failed) futimens(aside.fd, times);
    if (!failed) return aside_commit(&aside, name, true);
    aside_abandon(&aside);
    return failed;
}

static int unpack_directory(const struct tar_entry *entry, int parent, const char *name, const char *path) {
    if (*path && mkdirat(parent, name, 0700) < 0 && errno != EEXIST) return errno;
    int fd = open_directory(parent, name);
    if (fd < 0) return errno;
    int failed = fchown(fd, entry->uid, entry->gid) < 0 || fchmod(fd, entry->mode) < 0 ? errno : 0;
    close(fd);
    if (!failed) set_time_later(path, time_of(entry));
    return failed;
}

static bool same_file(int parent, const char *name, int other_parent, const char *other) {
    struct stat one, two;
    return fstatat(parent, name, &one, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(other_parent, other, &two, AT_SYMLINK_NOFOLLOW) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

static int unpack_hard_link(const struct tar_entry *entry, int parent, const char *name) {
    char target[PATH_MAX];
    const char *last;
    int failed = normal(entry->link, target), target_parent;
    if (failed) return failed;
    if (!*target) return EISDIR;
    int own = fcntl(parent, F_DUPFD_CLOEXEC, 3); /* looking for the other's may close it */
    if (own < 0) return errno;
    failed = parent_of(target, false, &target_parent, &last);
    if (!failed && !same_file(own, name, target_parent, last)) {
        if (linkat(target_parent, last, own, name, 0) < 0) failed = errno;
        if (failed == EEXIST) {
            failed = unlinkat(own, name, 0) < 0 || linkat(target_parent, last, own, name, 0) < 0 ? errno : 0;
        }
    }
    close(own);
    return failed;
}

static int make_special(const struct tar_entry *entry, int parent, const char *name) {
    static const mode_t types[] = {
        [TAR_CHARACTERS - '0'] = S_IFCHR, [TAR_BLOCKS - '0'] = S_IFBLK, [TAR_FIFO - '0'] = S_IFIFO};
    int made;
    if (entry->kind == TAR_SYMBOLIC_LINK) {
        made = symlinkat(entry->link, parent, name);
    } else {
        dev_t number = makedev(entry->device_major, entry->device_minor);
        made = mknodat(parent, name, types[entry->kind - '0'] | 0600, entry->kind == TAR_FIFO ? 0 : number);
    }
    return made < 0 ? errno : 0;
}

/* Who may write to the directory may have put a file in its place that the owner and mode are not for. -1: errno. */
static int open_made(int parent, const char *name) {
    struct stat status;
    int fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -1;
    bool special = fstat(fd, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
    if (special && status.st_nlink == 1 && status.st_uid == geteuid()) return fd;
    close(fd);
    errno = ESTALE;
    return -1;
}

static int unpack_special(const struct tar_entry *entry, int parent, const char *name) {
    int failed = make_special(entry, parent, name);
    if (failed == EEXIST) failed = unlinkat(parent, name, 0) < 0 ? errno : make_special(entry, parent, name);
    if (failed) return failed;
    int fd = open_made(parent, name);
    if (fd < 0) return errno;
    failed = fchownat(fd, "", entry->uid, entry->gid, AT_EMPTY_PATH) < 0 ? errno : 0;
    if (!failed && entry->kind != TAR_SYMBOLIC_LINK) { /* a descriptor of this kind cannot be changed itself */
        char self[32];
        snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
        failed = chmod(self, entry->mode) < 0 ? errno : 0;
    }
    close(fd);
    set_time(parent, name, time_of(entry));
    return failed;
}

static int unpack(const struct tar_entry *entry) {
    char name[PATH_MAX];
    const char *last;
    int parent, failed = normal(entry->name, name);
    if (failed) return failed;
    leave_directories(name);
    if (!*name) return entry->kind == TAR_DIRECTORY ? unpack_directory(entry, root, ".", name) : EISDIR;
    failed = parent_of(name, true, &parent, &last);
    if (failed) return failed;
    switch (entry->kind) {
    case TAR_FILE:
        return unpack_file(entry, parent, last);
    case TAR_DIRECTORY:
        return unpack_directory(entry, parent, last, name);
    case TAR_HARD_LINK:
        return unpack_hard_link(entry, parent, last);
    default:
        return unpack_special(entry, parent, last);
    }
}

int builtin_tar_in(char **arguments, int count) {
    static struct tar_entry entry;
    (void)count;
    if (mkdir(arguments[0], PARENT_MODE) < 0 && errno != EEXIST) return blame(errno, arguments[0]);
    root = open(arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return blame(errno, arguments[0]);
    for (;;) {
        int failed = tar_next(&entry);
        if (failed == TAR_END) break;
        if (failed) return failed == ECANCELED ? failed : blame(failed, "the archive");
        failed = unpack(&entry);
        if (failed) return failed == ECANCELED ? failed : blame(failed, entry.name);
    }
    leave_directories(NULL);
    return 0;
}
