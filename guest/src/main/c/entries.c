/* list PATH and stat PATH [nofollow]. */
#include "entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builtins.h"
#include "frames.h"
#include "output.h"

#define RECORD_MAX (4 + 48 + 4 + NAME_MAX + 4 + PATH_MAX)

static void put_bytes(struct writer *w, const char *bytes) {
    size_t length = strlen(bytes);
    put_u32(w, (uint32_t)length);
    memcpy(w->bytes + w->size, bytes, length);
    w->size += (uint32_t)length;
}

int entry_put(const struct stat *status, const char *name, const char *link) {
    uint8_t bytes[RECORD_MAX];
    struct writer w = {.bytes = bytes, .size = 4};
    put_u32(&w, status->st_mode);
    put_u32(&w, (uint32_t)status->st_nlink);
    put_u32(&w, status->st_uid);
    put_u32(&w, status->st_gid);
    put_u32(&w, major(status->st_rdev));
    put_u32(&w, minor(status->st_rdev));
    put_u64(&w, (uint64_t)status->st_size);
    put_u64(&w, (uint64_t)status->st_mtim.tv_sec);
    put_u32(&w, (uint32_t)status->st_mtim.tv_nsec);
    put_bytes(&w, name);
    put_bytes(&w, link);
    uint32_t size = w.size;
    w.size = 0;
    put_u32(&w, size - 4);
    return output_put(bytes, size);
}

/* False: errno. */
static bool link_of(int directory, const char *name, mode_t mode, char link[PATH_MAX]) {
    ssize_t size = S_ISLNK(mode) ? readlinkat(directory, name, link, PATH_MAX - 1) : 0;
    link[size > 0 ? size : 0] = 0;
    return size >= 0;
}

int builtin_stat(char **arguments, int count) {
    struct stat status;
    char link[PATH_MAX];
    if (count == 2 && strcmp(arguments[1], "nofollow") != 0) return EINVAL;
    if (fstatat(AT_FDCWD, arguments[0], &status, count == 2 ? AT_SYMLINK_NOFOLLOW : 0) < 0) return errno;
    if (!link_of(AT_FDCWD, arguments[0], status.st_mode, link)) return errno;
    int failed = entry_put(&status, "", link);
    return failed ? failed : output_flush();
}

static int put_named(int directory, const char *name) {
    struct stat status;
    char link[PATH_MAX];
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !link_of(directory, name, status.st_mode, link)) {
        return errno == ENOENT || errno == EINVAL ? 0 : errno; /* gone, or replaced, since the directory was read */
    }
    return entry_put(&status, name, link);
}

int builtin_list(char **arguments, int count) {
    DIR *directory = opendir(arguments[0]);
    (void)count;
    if (!directory) return errno;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) return errno ? errno : output_flush();
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        int failed = put_named(dirfd(directory), entry->d_name);
        if (failed) return failed;
    }
}
