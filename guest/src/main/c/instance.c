#include "instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "vmette"
#define FILE_NAME "instance-id"
#define ASIDE ".instance-id.new"
#define KEY "VMETTE_INSTANCE_ID="
#define DIGITS (2 * INSTANCE_SIZE)
#define LINE (DIGITS + 1)

static int place = -1, file = -1;
static char entry[sizeof KEY + DIGITS]; /* empty: none */

static void spell(char to[DIGITS + 1], const uint8_t id[INSTANCE_SIZE]) {
    for (int i = 0; i < INSTANCE_SIZE; i++) snprintf(to + 2 * i, 3, "%02x", id[i]);
}

static int make_aside(void) {
    int fd = openat(place, ASIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST || unlinkat(place, ASIDE, 0) < 0) return fd;
    return openat(place, ASIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static bool replace(const char *line) {
    int fd = make_aside();
    if (fd < 0) return errno == ENOENT; /* a directory that was removed has no file to be read */
    bool fine = write(fd, line, LINE) == LINE && fchmod(fd, 0644) == 0 && renameat(place, ASIDE, place, FILE_NAME) == 0;
    int number = errno;
    if (!fine) {
        close(fd);
        unlinkat(place, ASIDE, 0);
    } else {
        if (file >= 0) close(file);
        file = fd;
    }
    errno = number;
    return fine;
}

static bool is_where_it_was(void) {
    struct stat ours, there;
    return file >= 0 && fstat(file, &ours) == 0 && ours.st_size == LINE && fstatat(place, FILE_NAME, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           there.st_ino == ours.st_ino && there.st_dev == ours.st_dev;
}

/* In place where that is possible: a file made anew would be a third of what a restore costs the guest. */
static bool put(const char digits[DIGITS + 1]) {
    char line[LINE + 1];
    snprintf(line, sizeof line, "%s\n", digits);
    if (place < 0) return true;
    if (is_where_it_was() && pwrite(file, line, LINE, 0) == LINE) return true;
    return replace(line);
}

void instance_begin(const uint8_t id[INSTANCE_SIZE]) {
    memcpy(entry, KEY, sizeof KEY);
    spell(entry + sizeof KEY - 1, id);
}

bool instance_place(int run) {
    if (run < 0) return true;
    if (mkdirat(run, DIRECTORY, 0755) < 0 && errno != EEXIST) return false;
    place = openat(run, DIRECTORY, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return place >= 0 && (!*entry || put(entry + sizeof KEY - 1));
}

bool instance_renew(const uint8_t id[INSTANCE_SIZE]) {
    char digits[DIGITS + 1];
    spell(digits, id);
    if (!put(digits)) return false;
    instance_begin(id);
    return true;
}

char *instance_entry(void) { return *entry ? entry : NULL; }
