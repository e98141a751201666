/* mkdir PATH MODE [parents] and remove PATH [recursive]. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builtins.h"

#define PARENT_MODE 0755

/* --- mkdir --- */

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int make_parents(char *path) {
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        if (mkdir(path, PARENT_MODE) < 0) {
            int number = errno;
            if (!is_directory(path)) return blame(number == EEXIST ? ENOTDIR : number, path);
        }
        *slash = '/';
    }
    return 0;
}

int builtin_mkdir(char **arguments, int count) {
    uint64_t mode;
    bool parents = count == 3;
    char *path = arguments[0];
    if (!number_of(arguments[1], 8, 07777, &mode)) return EINVAL;
    if (parents && strcmp(arguments[2], "parents") != 0) return EINVAL;
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';) path[--length] = 0;
    int failed = parents ? make_parents(path) : 0;
    if (failed) return failed;
    if (mkdir(path, (mode_t)mode) < 0) {
        int number = errno;
        return number == EEXIST && parents && is_directory(path) ? 0 : blame(number, path);
    }
    /* mkdir(2) leaves out setuid and setgid. */
    return (mode & 07000) && chmod(path, (mode_t)mode) < 0 ? blame(errno, path) : 0;
}

/* --- remove --- */

static char shown[PATH_MAX]; /* the path of what is being removed, as far as it fits */

static size_t descend(const char *name) {
    size_t before = strlen(shown);
    if (before + 1 + strlen(name) < sizeof shown) {
        strcat(shown, "/");
        strcat(shown, name);
    }
    return before;
}

static int remove_content(int directory, dev_t device);

/* A directory's descriptor is held while what is in it goes: no link that somebody puts in its place is followed. */
static int remove_named(int parent, const char *name, dev_t device) {
    struct stat status;
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
    int number = errno;
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return blame(errno == ENOTDIR || errno == ELOOP ? number : errno, shown);
    if (fstat(directory, &status) < 0) return blame(errno, shown);
    if (status.st_dev != device) return blame(EBUSY, shown); /* mounted there: not ours to empty */
    int failed = remove_content(directory, device);
    if (failed) return failed;
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : blame(errno, shown);
}

static int remove_content(int fd, dev_t device) {
    DIR *directory = fdopendir(fd);
    if (!directory) return blame(errno, shown);
    int failed = 0;
    for (const struct dirent *entry; !failed && (errno = 0, entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t before = descend(entry->d_name);
        failed = remove_named(dirfd(directory), entry->d_name, device);
        if (!failed) shown[before] = 0;
    }
    if (!failed && errno) failed = blame(errno, shown);
    closedir(directory);
    return failed;
}

/* The root of a file system could not go itself, so that its content shall stay too. */
static bool is_mounted(int directory, const struct stat *status) {
    struct stat above;
    if (fstatat(directory, "..", &above, 0) < 0) return true;
    return above.st_dev != status->st_dev || above.st_ino == status->st_ino;
}

static int remove_tree(const char *path) {
    struct stat status;
    if (unlink(path) == 0) return 0;
    if (errno != EISDIR) return blame(errno, path);
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0 || fstat(directory, &status) < 0) return blame(errno, path);
    if (is_mounted(directory, &status)) return blame(EBUSY, path);
    if (strlen(path) < sizeof shown) strcpy(shown, path);
    int failed = remove_content(directory, status.st_dev);
    if (failed) return failed;
    return rmdir(path) < 0 ? blame(errno, path) : 0;
}

int builtin_remove(char **arguments, int count) {
    char *path = arguments[0];
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/';) path[--length] = 0;
    if (count == 2) return strcmp(arguments[1], "recursive") == 0 ? remove_tree(path) : EINVAL;
    if (unlink(path) == 0) return 0;
    if (errno != EISDIR) return blame(errno, path);
    return rmdir(path) < 0 ? blame(errno, path) : 0;
}
