#include "aside.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_TRIED 16

static int invent(struct aside *aside) {
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number) return EIO;
    snprintf(aside->name, sizeof aside->name, ".vmette-%016llx", (unsigned long long)number);
    return 0;
}

/* From now on somebody has to remove it: a TERM waits until the input has ended, which it does for a host that gives up. */
static void outlast_term(void) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
}

int aside_open(struct aside *aside, int directory) {
    *aside = (struct aside){.directory = directory};
    aside->fd = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (aside->fd >= 0) return 0;
    outlast_term();
    for (int i = 0; i < NAMES_TRIED; i++) {
        int failed = invent(aside);
        if (failed) return failed;
        aside->fd = openat(directory, aside->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (aside->fd >= 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

static int link_nameless(const struct aside *aside, const char *name) {
    if (linkat(aside->fd, "", aside->directory, name, AT_EMPTY_PATH) == 0) return 0;
    if (errno != ENOENT) return errno; /* that: no CAP_DAC_READ_SEARCH */
    char self[32];
    snprintf(self, sizeof self, "/proc/self/fd/%d", aside->fd);
    return linkat(AT_FDCWD, self, aside->directory, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

static int put_in_place(struct aside *aside, const char *name, bool replace) {
    if (!aside->name[0]) {
        int failed = link_nameless(aside, name);
        if (failed != EEXIST || !replace) return failed;
        do failed = invent(aside);
        while (!failed && (failed = link_nameless(aside, aside->name)) == EEXIST);
        if (failed) {
            aside->name[0] = 0;
            return failed;
        }
    }
    if (!replace) return linkat(aside->directory, aside->name, aside->directory, name, 0) == 0 ? 0 : errno;
    if (renameat(aside->directory, aside->name, aside->directory, name) < 0) return errno;
    aside->name[0] = 0;
    return 0;
}

int aside_commit(struct aside *aside, const char *name, bool replace) {
    int failed = put_in_place(aside, name, replace);
    aside_abandon(aside);
    return failed;
}

void aside_abandon(struct aside *aside) {
    if (aside->name[0]) unlinkat(aside->directory, aside->name, 0);
    close(aside->fd);
}
