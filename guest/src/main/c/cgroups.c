#include "cgroups.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LEFT_MAX 64
#define KEPT_MAX 4

/* include/uapi/linux/mount.h and sched.h of the kernel, which musl does not have */
#define FSOPEN_CLOEXEC 1
#define FSCONFIG_CMD_CREATE 6
#define FSMOUNT_CLOEXEC 1
#define MOUNT_ATTR_NOSUID_NODEV_NOEXEC 14
#define CLONE_INTO_CGROUP 0x200000000ull

struct clone_arguments { /* struct clone_args, as of Linux 5.7 */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

/* Used again by one command after the other: making and removing a cgroup is a good part of a short command's cost. */
struct kept {
    uint64_t number; /* 0: none */
    unsigned long killed; /* by the OOM killer, before the present command */
    bool idle;
};

static struct kept kept[KEPT_MAX];
static int commands = -1; /* the directory that holds the commands' cgroups */
static uint64_t last;
static uint64_t left[LEFT_MAX]; /* given up by their executions, and not empty then */
static int left_count;

static bool put(int directory, const char *name, const char *text) {
    int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
    bool fine = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0) close(fd);
    return fine;
}

static int mount_nowhere(void) {
    int context = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int root = -1;
    if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        root = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID_NODEV_NOEXEC);
    }
    close(context);
    return root;
}

void cgroups_prepare(void) {
    int root = mount_nowhere();
    if (root < 0) return;
    if (put(root, "cgroup.subtree_control", "+memory") &&
        (mkdirat(root, "vmette", 0700) == 0 || errno == EEXIST)) {
        commands = openat(root, "vmette", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    close(root);
    if (commands >= 0 && !put(commands, "cgroup.subtree_control", "+memory")) {
        close(commands);
        commands = -1;
    }
}

static const char *name_of(uint64_t number) {
    static char name[24];
    snprintf(name, sizeof name, "%llu", (unsigned long long)number);
    return name;
}

static struct kept *kept_as(uint64_t number) {
    for (struct kept *k = kept; k < kept + KEPT_MAX; k++) {
        if (k->number == number) return k;
    }
    return NULL;
}

static struct kept *idle_one(void) {
    for (struct kept *k = kept; k < kept + KEPT_MAX; k++) {
        if (k->number && k->idle) return k;
    }
    return NULL;
}

static uint64_t make(void) {
    if (commands < 0 || mkdirat(commands, name_of(last + 1), 0700) < 0) return 0;
    return ++last;
}

void cgroups_make_ready(void) {
    struct kept *place = kept_as(0);
    if (place && !idle_one()) *place = (struct kept){.number = make(), .idle = true};
}

uint64_t cgroup_take(int *fd) {
    struct kept *again = idle_one();
    uint64_t number = again ? again->number : make();
    *fd = number ? openat(commands, name_of(number), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (again) again->idle = false;
    return number;
}

pid_t cgroup_fork(int fd) {
    if (fd < 0) return fork();
    struct clone_arguments arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd};
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    return pid < 0 ? fork() : (pid_t)pid;
}

/* What a file of the cgroup has beside this word, which begins a line; unknown: otherwise. */
static unsigned long count_of(uint64_t number, const char *file, const char *line, unsigned long otherwise) {
    char path[48], text[512];
    snprintf(path, sizeof path, "%s/%s", name_of(number), file);
    int fd = openat(commands, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return otherwise;
    text[0] = '\n';
    ssize_t got = read(fd, text + 1, sizeof text - 2);
    close(fd);
    text[got > 0 ? got + 1 : 0] = 0;
    const char *count = strstr(text, line);
    return count ? strtoul(count + strlen(line), NULL, 10) : otherwise;
}

static unsigned long killed_in(uint64_t number) { return count_of(number, "memory.events", "\noom_kill ", 0); }

bool cgroup_oom_killed(uint64_t number) {
    if (number == 0) return false;
    struct kept *again = kept_as(number);
    return killed_in(number) > (again ? again->killed : 0);
}

static bool is_empty(uint64_t number) { return count_of(number, "cgroup.events", "\npopulated ", 1) == 0; }

static bool keep(uint64_t number) {
    struct kept *place = kept_as(number);
    if (!place) place = kept_as(0);
    if (!place || !is_empty(number)) return false;
    *place = (struct kept){.number = number, .killed = killed_in(number), .idle = true};
    return true;
}

void cgroup_give_back(uint64_t number) {
    if (number == 0 || keep(number)) return;
    struct kept *forgotten = kept_as(number);
    if (forgotten) forgotten->number = 0;
    if (unlinkat(commands, name_of(number), AT_REMOVEDIR) == 0) return;
    if (left_count < LEFT_MAX) left[left_count++] = number;
}

void cgroups_sweep(void) {
    for (int i = left_count; i-- > 0;) {
        if (unlinkat(commands, name_of(left[i]), AT_REMOVEDIR) < 0 && errno == EBUSY) continue;
        left[i] = left[--left_count];
    }
}
