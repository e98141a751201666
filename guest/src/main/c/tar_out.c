/* tar-out PATH: a directory and all beneath it on its file system, as a tar archive whose names begin with "./". */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builtins.h"
#include "link_table.h"
#include "output.h"
#include "tar.h"

static struct tar_entry entry; /* its name is that of what is being told, also to those who look for whom to blame */
static dev_t device;

static int blame_entry(int number) { return blame(number, entry.name); }

static void describe(const struct stat *status, char kind) {
    entry.kind = kind;
    entry.mode = status->st_mode & 07777;
    entry.uid = status->st_uid;
    entry.gid = status->st_gid;
    entry.size = kind == TAR_FILE ? (uint64_t)status->st_size : 0;
    entry.seconds = status->st_mtim.tv_sec;
    entry.device_major = kind == TAR_CHARACTERS || kind == TAR_BLOCKS ? major(status->st_rdev) : 0;
    entry.device_minor = kind == TAR_CHARACTERS || kind == TAR_BLOCKS ? minor(status->st_rdev) : 0;
    entry.link[0] = 0;
}

/* Exactly as much as the header said: what has been added since is left out, what is missing fails. */
static int put_content(int file) {
    for (uint64_t left = entry.size; left > 0;) {
        size_t room;
        int failed;
        uint8_t *to = output_room(&room, &failed);
        if (failed) return failed;
        ssize_t got = read(file, to, left < room ? (size_t)left : room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return blame_entry(errno);
        if (got == 0) return blame_entry(STATUS_CHANGED);
        output_used((size_t)got);
        left -= (uint64_t)got;
    }
    return tar_put_padding(entry.size);
}

static int put_file(int parent, const char *name) {
    struct stat status;
    int file = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) return errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0 : blame_entry(errno);
    int failed = 0;
    if (fstat(file, &status) < 0) {
        failed = blame_entry(errno);
    } else if (S_ISREG(status.st_mode)) { /* else it was replaced meanwhile */
        describe(&status, TAR_FILE);
        const char *first = status.st_nlink > 1 ? link_first_name(status.st_ino, entry.name) : NULL;
        if (first) {
            entry.kind = TAR_HARD_LINK;
            entry.size = 0;
            strcpy(entry.link, first);
        }
        failed = tar_put_entry(&entry);
        if (!failed && !first) failed = put_content(file);
    }
    close(file);
    return failed;
}

static int put_symbolic_link(int parent, const char *name, const struct stat *status) {
    describe(status, TAR_SYMBOLIC_LINK);
    ssize_t size = readlinkat(parent, name, entry.link, sizeof entry.link - 1);
    if (size < 0) return errno == ENOENT || errno == EINVAL ? 0 : blame_entry(errno);
    entry.link[size] = 0;
    return tar_put_entry(&entry);
}

static int put_directory(int parent, const char *name);

static int put_named(int parent, const char *name) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0) return errno == ENOENT ? 0 : blame_entry(errno);
    switch (status.st_mode & S_IFMT) {
    case S_IFREG:
        return put_file(parent, name);
    case S_IFDIR:
        return put_directory(parent, name);
    case S_IFLNK:
        return put_symbolic_link(parent, name, &status);
    case S_IFSOCK:
        return 0; /* nothing to be had from it, and tar has no kind for it */
    case S_IFIFO:
        describe(&status, TAR_FIFO);
        break;
    default:
        describe(&status, S_ISBLK(status.st_mode) ? TAR_BLOCKS : TAR_CHARACTERS);
    }
    return tar_put_entry(&entry);
}

static int put_children(DIR *directory, size_t length) {
    for (;;) {
        errno = 0;
        const struct dirent *child = readdir(directory);
        if (!child) return errno ? blame_entry(errno) : 0;
        if (strcmp(child->d_name, ".") == 0 || strcmp(child->d_name, "..") == 0) continue;
        size_t size = strlen(child->d_name) + 1;
        if (length + size + 1 >= sizeof entry.name) return blame_entry(ENAMETOOLONG); /* a directory adds its slash */
        memcpy(entry.name + length, child->d_name, size);
        int failed = put_named(dirfd(directory), child->d_name);
        if (failed) return failed;
        entry.name[length] = 0;
    }
}

/* entry.name is the directory's, still without its slash. What another file system is mounted on is told as empty. */
static int put_directory(int parent, const char *name) {
    struct stat status;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : blame_entry(errno);
    if (fstat(fd, &status) < 0) return blame_entry(errno);
    size_t length = strlen(entry.name);
    strcpy(entry.name + length++, "/");
    describe(&status, TAR_DIRECTORY);
    int failed = tar_put_entry(&entry);
    if (failed || status.st_dev != device) {
        close(fd);
        return failed;
    }
    DIR *directory = fdopendir(fd);
    if (!directory) return blame_entry(errno);
    failed = put_children(directory, length);
    closedir(directory);
    return failed;
}

int builtin_tar_out(char **arguments, int count) {
    struct stat status;
    (void)count;
    int root = open(arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0 || fstat(root, &status) < 0) return blame(errno, arguments[0]);
    device = status.st_dev;
    strcpy(entry.name, ".");
    int failed = put_directory(root, ".");
    if (!failed) failed = tar_put_end();
    return failed ? failed : output_flush();
}
