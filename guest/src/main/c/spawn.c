#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "accounts.h"
#include "builtins.h"
#include "cgroups.h"
#include "instance.h"
#include "root.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#define FILES_MOST 8192 /* all commands, forwards, openings and lingering connections at once */

extern char **environ;

static int dev_null = -1;
static struct rlimit files; /* what a command may have; the agent itself raises its own */
static struct list base;

bool spawn_hold(void) {
    if (dev_null >= 0) close(dev_null);
    dev_null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return dev_null >= 0;
}

bool spawn_prepare(void) {
    if (!spawn_hold() || getrlimit(RLIMIT_NOFILE, &files) < 0) return false;
    rlim_t most = files.rlim_max > FILES_MOST ? files.rlim_max : FILES_MOST;
    struct rlimit raised = {.rlim_cur = most, .rlim_max = most};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return true;
    raised.rlim_cur = raised.rlim_max = files.rlim_max; /* not with the privileges of a PID 1, that is in a test */
    return setrlimit(RLIMIT_NOFILE, &raised) == 0;
}

bool spawn_environment(struct list env) {
    uint8_t *copy = malloc(env.size ? env.size : 1);
    if (!copy) return false;
    memcpy(copy, env.bytes, env.size);
    free((void *)base.bytes);
    base = (struct list){.bytes = copy, .size = env.size, .count = env.count};
    return true;
}

/* --- in the child --- */

/* The child's copy of the frame is its own: the text moves over its length, which leaves room for the NUL. */
static char *terminated(struct text text) {
    char *start = (char *)text.bytes - 4;
    memmove(start, text.bytes, text.length);
    start[text.length] = 0;
    return start;
}

static size_t key_length(const char *entry) { return (size_t)(strchr(entry, '=') - entry) + 1; }

static size_t put_entry(char **env, size_t count, char *entry) {
    size_t key = key_length(entry), i = 0;
    while (i < count && strncmp(env[i], entry, key) != 0) i++;
    env[i] = entry;
    return i == count ? count + 1 : count;
}

static size_t merge(char **env, size_t count, struct list list) {
    for (struct text text; list_next(&list, &text);) count = put_entry(env, count, terminated(text));
    return count;
}

static char **environment(struct list own) {
    char **env = calloc((size_t)base.count + own.count + 4, sizeof *env);
    if (!env) return NULL;
    env[0] = DEFAULT_PATH; /* and room for the instance, a HOME and the end */
    size_t count = merge(env, 1, base);
    if (instance_entry()) count = put_entry(env, count, instance_entry());
    merge(env, count, own);
    return env;
}

static char **arguments(struct list list) {
    char **argv = calloc((size_t)list.count + 1, sizeof *argv);
    size_t count = 0;
    for (struct text text; argv && list_next(&list, &text);) argv[count++] = terminated(text);
    return argv;
}

static _Noreturn void give_up(int verdict, const char *doing, const char *what) {
    struct spawn_failure failure = {.number = (uint32_t)errno};
    int shown = (int)text_cut(what, 300);
    snprintf(failure.why, sizeof failure.why, "cannot %s%.*s: %s", doing, shown, what, strerror((int)failure.number));
    ssize_t ignored = write(verdict, &failure, sizeof failure); /* below PIPE_BUF: whole or not at all */
    (void)ignored;
    _exit(127);
}

/* Tells HOME unless the environment has one. */
static void tell_home(const struct account *account, char **env) {
    static char home[sizeof account->home + 8];
    size_t count = 0;
    bool has_home = false;
    for (; env[count]; count++) has_home = has_home || strncmp(env[count], "HOME=", 5) == 0;
    snprintf(home, sizeof home, "HOME=%s", account->home);
    if (!has_home) env[count] = home;
}

/* The user of the guest's root: root if none is named. False: errno. */
static bool become(const char *text, bool terminal, char **env) {
    struct account account;
    if (!account_find(text ? text : "0", "/etc/passwd", "/etc/group", &account)) return false;
    tell_home(&account, env);
    if (!text) return true;
    if (terminal && fchown(0, account.uid, (gid_t)-1) < 0) return false;
    return setgroups((size_t)account.group_count, account.groups) == 0 && setgid(account.gid) == 0 && setuid(account.uid) == 0;
}

static _Noreturn void child(const struct exec *exec, const int theirs[3], int verdict) {
    setsid();
    for (int i = 0; i < 3; i++) {
        if (dup2(theirs[i], i) < 0) give_up(verdict, "set up a stream", "");
    }
    if ((exec->flags & EXEC_PTY) && ioctl(0, TIOCSCTTY, 0) < 0) give_up(verdict, "take the terminal", "");

    char **env = environment(exec->env);
    char **argv = arguments(exec->argv);
    if (!env || !argv) give_up(verdict, "hold the arguments", "");
    if (!root_enter()) give_up(verdict, "enter the root", "");
    const char *cwd = exec->cwd.length ? terminated(exec->cwd) : "/";
    if (chdir(cwd) < 0) give_up(verdict, "change directory to ", cwd);

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (exec->flags & EXEC_BUILTIN) {
        errno = ENOSYS;
        if (!builtin_known(argv[0])) give_up(verdict, "find the built-in ", argv[0]);
        builtin_run(argv);
    }
    setrlimit(RLIMIT_NOFILE, &files);
    const char *user = exec->user.length ? terminated(exec->user) : NULL;
    if (!become(user, exec->flags & EXEC_PTY, env)) give_up(verdict, "become the user ", user ? user : "root");
    environ = env;
    execvp(argv[0], argv);
    give_up(verdict, "run ", argv[0]);
}

/* --- in the agent --- */

static void close_all(int *fds, int count) {
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0) close(fds[i]);
        fds[i] = -1;
    }
}

static bool nonblocking(int fd) { return fcntl(fd, F_SETFL, O_NONBLOCK) == 0; }

static bool open_pipe(int *ours, int *theirs, bool input) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return false;
    *ours = ends[input ? 1 : 0];
    *theirs = ends[input ? 0 : 1];
    return nonblocking(*ours);
}

static bool open_pipes(const struct exec *exec, int ours[3], int theirs[3]) {
    for (int i = 0; i < 3; i++) {
        if (i == 0 && exec->stream[0].mode == 0) theirs[0] = fcntl(dev_null, F_DUPFD_CLOEXEC, 3);
        else if (i == 2 && (exec->flags & EXEC_MERGE)) theirs[2] = fcntl(theirs[1], F_DUPFD_CLOEXEC, 3);
        else if (!open_pipe(&ours[i], &theirs[i], i == 0)) return false;
        if (theirs[i] < 0) return false;
    }
    return true;
}

static bool open_terminal(const struct exec *exec, int ours[3], int theirs[3]) {
    struct winsize size = {.ws_row = exec->rows, .ws_col = exec->columns};
    int unlock = 0;
    ours[1] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (ours[1] < 0 || ioctl(ours[1], TIOCSPTLCK, &unlock) < 0 || ioctl(ours[1], TIOCSWINSZ, &size) < 0) return false;
    /* A second descriptor for the other direction: epoll takes each one once. */
    if (exec->stream[0].mode == 1 && (ours[0] = fcntl(ours[1], F_DUPFD_CLOEXEC, 3)) < 0) return false;
    for (int i = 0; i < 3; i++) {
        theirs[i] = i == 0 ? ioctl(ours[1], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)
                           : fcntl(theirs[0], F_DUPFD_CLOEXEC, 3);
        if (theirs[i] < 0) return false;
    }
    return true;
}

bool spawn(const struct exec *exec, struct spawned *spawned, char why[SPAWN_WHY_MAX]) {
    int theirs[3] = {-1, -1, -1}, verdict[2] = {-1, -1}, cgroup = -1;
    const char *doing = "open the pipes of the command";
    spawned->cgroup = 0;
    spawned->ours[0] = spawned->ours[1] = spawned->ours[2] = -1;
    bool pty = exec->flags & EXEC_PTY;
    bool fine = pty ? open_terminal(exec, spawned->ours, theirs) : open_pipes(exec, spawned->ours, theirs);
    fine = fine && pipe2(verdict, O_CLOEXEC) == 0 && nonblocking(verdict[0]);
    if (fine) {
        doing = "fork";
        spawned->cgroup = cgroup_take(&cgroup);
        spawned->pid = cgroup_fork(cgroup);
        if (spawned->pid == 0) child(exec, theirs, verdict[1]);
        fine = spawned->pid > 0;
    }
    int number = errno;
    close_all(theirs, 3);
    close_all(&verdict[1], 1);
    close_all(&cgroup, 1);
    spawned->verdict = verdict[0];
    if (fine) return true;
    close_all(verdict, 1);
    close_all(spawned->ours, 3);
    cgroup_give_back(spawned->cgroup);
    snprintf(why, SPAWN_WHY_MAX, "cannot %s: %s", doing, strerror(number));
    errno = number;
    return false;
}
