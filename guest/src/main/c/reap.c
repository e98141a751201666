#include "reap.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "execution.h"
#include "loop.h"

#define SIGNALS 64
#define REAPED_PER_TURN 1024 /* a fork bomb's children are not all buried at once */

static struct watch children;

static void child_ended(struct watch *watch, uint32_t events) {
    struct signalfd_siginfo news;
    (void)events;
    while (read(watch->fd, &news, sizeof news) > 0) continue;
    int status, count = 0;
    pid_t pid;
    while (count < REAPED_PER_TURN && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        execution_reaped(pid, status);
        count++;
    }
    if (count > 0) executions_check_groups();
    if (count == REAPED_PER_TURN) loop_again(watch);
}

bool reap_start(void) {
    sigset_t all, child;
    /* By the system call: the library's function refuses the signals it keeps for itself. All zero is SIG_DFL. */
    const unsigned long standard[4] = {0};
    for (int signal = 1; signal <= SIGNALS; signal++) syscall(SYS_rt_sigaction, signal, standard, NULL, SIGNALS / 8);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    int fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return false;
    watch_init(&children);
    return loop_watch(&children, fd, EPOLLIN, child_ended);
}
