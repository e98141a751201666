#include "mounts.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"

static const struct {
    const char *where, *type, *options;
    unsigned long flags;
    mode_t mode;
} wanted[] = {
    {"/proc", "proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555},
    {"/sys", "sysfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555},
    {"/dev", "devtmpfs", "mode=0755", MS_NOSUID, 0755},
    {"/dev/pts", "devpts", "mode=0620,gid=5,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755},
    {"/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777},
    {"/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV, 0755},
    {"/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV, 01777},
};

static const char *const links[][2] = {
    {"/proc/self/fd", "/dev/fd"},
    {"fd/0", "/dev/stdin"},
    {"fd/1", "/dev/stdout"},
    {"fd/2", "/dev/stderr"},
};

/* A mount point is on another device than the directory that holds it. */
static int mounted(const char *where) {
    char parent[32];
    struct stat self, above;
    size_t length = (size_t)(strrchr(where, '/') - where);
    memcpy(parent, where, length);
    strcpy(parent + length, length ? "" : "/");
    return stat(where, &self) == 0 && stat(parent, &above) == 0 && self.st_dev != above.st_dev;
}

void mounts_basic(void) {
    size_t failed = 0;
    int why = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        mkdir(wanted[i].where, wanted[i].mode);
        if (mounted(wanted[i].where)) continue;
        if (mount(wanted[i].type, wanted[i].where, wanted[i].type, wanted[i].flags, wanted[i].options) == 0) continue;
        failed = i + 1;
        why = errno;
    }
    console_open(); /* /dev is there now, if it can be */
    if (failed) console_say("cannot mount %s: %s", wanted[failed - 1].where, strerror(why));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST) {
            console_say("cannot link %s: %s", links[i][1], strerror(errno));
        }
    }
}
