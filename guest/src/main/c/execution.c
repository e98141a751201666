#include "execution.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups.h"
#include "control.h"
#include "spawn.h"

static struct execution executions[EXECUTIONS_MAX];
static int owing;       /* executions that owe the host an event */
static int sending;     /* those whose events are being sent */
static int with_groups; /* ended ones whose process group may have members left */

#define END (executions + EXECUTIONS_MAX)

struct execution *execution_find(uint64_t id) {
    for (struct execution *x = executions; x < END; x++) {
        if (x->state != EXECUTION_FREE && x->id == id) return x;
    }
    return NULL;
}

static struct execution *free_place(void) {
    for (struct execution *x = executions; x < END; x++) {
        if (x->state == EXECUTION_FREE) return x;
    }
    return NULL;
}

static bool owes(const struct execution *x) { return x->owes_started || x->owes_end || x->owes_news; }

static void owe(struct execution *x, bool *event) {
    if (!owes(x)) owing++;
    *event = true;
    control_events_waiting();
}

struct execution *execution_owing(void) {
    for (struct execution *x = executions; owing > 0 && x < END; x++) {
        if (x->state != EXECUTION_FREE && owes(x)) return x;
    }
    return NULL;
}

void execution_reported(struct execution *x) {
    x->owes_started = x->owes_end = x->owes_news = false;
    owing--;
    if (!x->sending) sending++;
    x->sending = true;
}

void executions_sent(void) {
    for (struct execution *x = executions; sending > 0 && x < END; x++) {
        if (!x->sending) continue;
        x->sending = false;
        sending--;
        execution_settle(x);
    }
}

static void group_is_gone(struct execution *x) {
    if (x->group_gone) return;
    x->group_gone = true;
    with_groups--;
    if (x->told) timer_clear(&x->grace); /* until then it is the output grace */
}

/* Only while the group has members is its number safe from being another's: every caller finds out first. */
static void tell_group(struct execution *x, int signal) {
    if (!x->group_gone && kill(-x->pid, signal) < 0 && errno == ESRCH) group_is_gone(x);
}

static void kill_grace_over(struct timer *timer) {
    struct execution *x = owner_of(timer, struct execution, grace);
    tell_group(x, SIGKILL);
    group_is_gone(x); /* nothing more to be done to it */
    execution_settle(x);
}

static void output_grace_over(struct timer *timer) {
    struct execution *x = owner_of(timer, struct execution, grace);
    x->grace_over = true;
    for (int i = STDOUT; i <= STDERR && x->state == EXECUTION_ENDED; i++) stream_last_call(&x->stream[i]);
    execution_settle(x);
}

void execution_owes_news(struct execution *x) { owe(x, &x->owes_news); }

void execution_unplugged(struct execution *x) {
    if (x->flags & EXEC_DETACHED) return; /* the ends of its attachments are told */
    if (!(x->flags & EXEC_BUILTIN)) x->flags |= EXEC_DETACHED;
    for (int i = 0; i < STREAMS; i++) stream_unplugged(&x->stream[i]);
    execution_settle(x);
}

void executions_unplugged(void) {
    for (struct execution *x = executions; x < END; x++) {
        if (x->state != EXECUTION_FREE) execution_unplugged(x);
    }
}

void executions_announce(void) {
    for (struct execution *x = executions; x < END; x++) {
        bool never_ran = x->state == EXECUTION_ENDED && x->end == END_NEVER_RAN;
        if (x->state == EXECUTION_FREE || never_ran || !(x->flags & EXEC_DETACHED) || x->released) continue;
        owe(x, &x->owes_started);
        if (x->state == EXECUTION_ENDED) owe(x, &x->owes_end);
    }
}

void execution_settle(struct execution *x) {
    if (x->state != EXECUTION_ENDED) return;
    bool drained = stream_drained(&x->stream[STDOUT]) && stream_drained(&x->stream[STDERR]);
    bool held = (x->flags & EXEC_DETACHED) && !x->released && x->end != END_NEVER_RAN;
    if (!x->told && (drained || x->grace_over)) {
        x->told = true;
        timer_clear(&x->grace);
        stream_abort(&x->stream[STDIN]);
        if (x->flags & EXEC_LEAVE_GROUP) group_is_gone(x);
        else tell_group(x, SIGTERM);
        if (!x->group_gone) timer_set(&x->grace, now_ns() + x->kill_grace, kill_grace_over);
    }
    if (x->group_gone) {
        cgroup_give_back(x->cgroup);
        x->cgroup = 0;
    }
    if (drained && x->told && x->group_gone && !owes(x) && !x->sending && !held) x->state = EXECUTION_FREE;
}

void executions_check_groups(void) {
    for (struct execution *x = executions; with_groups > 0 && x < END; x++) {
        if (x->state != EXECUTION_ENDED || x->group_gone) continue;
        tell_group(x, 0);
        if (x->group_gone) execution_settle(x);
    }
    cgroups_sweep();
}

/* --- the start --- */

static void never_ran(struct execution *x, uint32_t number, const char *why) {
    x->state = EXECUTION_ENDED;
    x->told = x->group_gone = true;
    x->end = END_NEVER_RAN;
    x->value = number;
    snprintf(x->why, sizeof x->why, "%s", why);
    for (int i = 0; i < STREAMS; i++) stream_abort(&x->stream[i]);
    owe(x, &x->owes_end);
}

static void read_verdict(struct execution *x, bool dead) {
    struct spawn_failure failure;
    ssize_t got = read(x->verdict.fd, &failure, sizeof failure);
    if (got < 0 && !dead) return; /* another event follows */
    loop_close(&x->verdict);
    if (got == (ssize_t)sizeof failure) {
        failure.why[sizeof failure.why - 1] = 0;
        never_ran(x, failure.number, failure.why);
    } else {
        x->state = EXECUTION_RUNNING;
        owe(x, &x->owes_started);
    }
}

static void verdict_ready(struct watch *watch, uint32_t events) {
    (void)events;
    read_verdict(owner_of(watch, struct execution, verdict), false);
}

static bool open_streams(struct execution *x, const struct exec *exec, int ours[3]) {
    bool fine = true;
    for (int i = 0; i < STREAMS; i++) {
        int fd = ours[i];
        if (fd < 0) continue;
        bool pty = exec->flags & EXEC_PTY;
        uint8_t mode = exec->stream[i].mode;
        if (!fine) close(fd);
        else if (mode == MODE_REPLAY) fine = replay_open(&x->stream[i], fd, exec->replay_bytes, exec->flags & EXEC_BLOCK);
        else fine = stream_open(&x->stream[i], fd, pty, mode == MODE_CONNECTION, exec->stream[i].token);
    }
    return fine;
}

bool execution_start(const struct exec *exec, char *why) {
    struct spawned spawned;
    struct execution *x = free_place();
    if (execution_find(exec->execution)) {
        snprintf(why, WHY_MAX, "execution %llu is in use", (unsigned long long)exec->execution);
        errno = EEXIST;
        return false;
    }
    if (!x) {
        snprintf(why, WHY_MAX, "%d executions at a time, detached ones that are not released included", EXECUTIONS_MAX);
        errno = EAGAIN;
        return false;
    }
    if (!replay_affordable(exec, why) || !spawn(exec, &spawned, why)) return false;
    memset(x, 0, sizeof *x);
    x->cgroup = spawned.cgroup;
    x->state = EXECUTION_STARTING;
    x->id = exec->execution;
    x->flags = exec->flags;
    x->pid = spawned.pid;
    x->output_grace = exec->output_grace_ms * MILLIS;
    x->kill_grace = exec->kill_grace_ms * MILLIS;
    x->group_gone = true; /* until it has ended: then see */
    watch_init(&x->verdict);
    for (uint8_t i = 0; i < STREAMS; i++) stream_init(&x->stream[i], x, i);
    bool fine = open_streams(x, exec, spawned.ours);
    fine = loop_watch(&x->verdict, spawned.verdict, EPOLLIN, verdict_ready) && fine;
    if (!fine) {
        int number = errno;
        kill(x->pid, SIGKILL);
        if (x->verdict.fd < 0) close(spawned.verdict);
        loop_close(&x->verdict);
        never_ran(x, (uint32_t)number, "cannot watch the command's streams");
    }
    return true;
}

/* --- the end and in between --- */

bool execution_reaped(pid_t pid, int status) {
    struct execution *x = executions;
    while (x < END && !(x->pid == pid && (x->state == EXECUTION_STARTING || x->state == EXECUTION_RUNNING))) x++;
    if (x == END) return false;
    if (x->state == EXECUTION_STARTING) read_verdict(x, true);
    if (x->state != EXECUTION_RUNNING) return true;
    x->state = EXECUTION_ENDED;
    x->end = WIFSIGNALED(status) ? END_SIGNALLED : END_EXITED;
    x->value = (uint32_t)(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    x->oom_killed = cgroup_oom_killed(x->cgroup);
    x->group_gone = false;
    with_groups++;
    tell_group(x, 0);
    owe(x, &x->owes_end);
    timer_set(&x->grace, now_ns() + x->output_grace, output_grace_over);
    execution_settle(x);
    return true;
}

void execution_signal(struct execution *x, int signal, bool group) {
    if (x->state == EXECUTION_ENDED) {
        if (group) tell_group(x, signal);
    } else if (!group || kill(-x->pid, signal) < 0) {
        kill(x->pid, signal); /* before its setsid the child has no group of its own */
    }
}

void execution_release(struct execution *x) {
    if (!(x->flags & EXEC_DETACHED)) return;
    x->released = true;
    for (int i = STDOUT; i <= STDERR; i++) stream_discard(&x->stream[i]);
    execution_settle(x);
}

void execution_resize(struct execution *x, uint16_t rows, uint16_t columns) {
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    if ((x->flags & EXEC_PTY) && x->stream[STDOUT].pipe.fd >= 0) ioctl(x->stream[STDOUT].pipe.fd, TIOCSWINSZ, &size);
}

bool execution_base_environment(struct list env) { return spawn_environment(env); }
