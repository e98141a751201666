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

static int place = -1;
static char entry[sizeof KEY + DIGITS]; /* empty: none */

static void spell(char to[DIGITS + 1], const uint8_t id[INSTANCE_SIZE]) {
    for (int i = 0; i < INSTANCE_SIZE; i++) snprintf(to + 2 * i, 3, "%02x", id[i]);
}

static int make_aside(void) {
    int fd = openat(place, ASIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST || unlinkat(place, ASIDE, 0) < 0) return fd;
    return openat(place, ASIDE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

static bool put(const char digits[DIGITS + 1]) {
    char line[DIGITS + 2];
    int size = snprintf(line, sizeof line, "%s\n", digits);
    if (place < 0) return true;
    int fd = make_aside();
    if (fd < 0) return errno == ENOENT; /* a directory that was removed has no file to be read */
    bool fine = write(fd, line, (size_t)size) == size && fchmod(fd, 0644) == 0 && renameat(place, ASIDE, place, FILE_NAME) == 0;
    int number = errno;
    close(fd);
    if (!fine) unlinkat(place, ASIDE, 0);
    errno = number;
    return fine;
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
