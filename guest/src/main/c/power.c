#include "power.h"

#include <errno.h>
#include <signal.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define TERM_WAIT (1000 * MILLIS)
#define KILL_WAIT (250 * MILLIS)

/*
 * Reaps until no process is left, at most for so long. Every process of the guest is or becomes a child of
 * PID 1, so having no children means being alone.
 */
static bool alone_within(uint64_t wait) {
    uint64_t end = now_ns() + wait;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD); /* blocked, as all are: it is waited for */
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0 && errno == ECHILD) return true;
        uint64_t now = now_ns();
        if (now >= end) return false; /* also while a fork bomb's children end without a pause */
        if (pid > 0) continue;
        struct timespec left = {.tv_nsec = (long)(end - now < 100 * MILLIS ? end - now : 100 * MILLIS)};
        sigtimedwait(&child, NULL, &left);
    }
}

void power_shutdown(void) {
    kill(-1, SIGTERM);
    kill(-1, SIGCONT); /* a stopped process would not hear the TERM */
    if (!alone_within(TERM_WAIT)) {
        kill(-1, SIGKILL);
        alone_within(KILL_WAIT);
    }
    power_off();
}

void power_off(void) {
    sync();
    if (isatty(STDOUT_FILENO)) tcdrain(STDOUT_FILENO); /* the last words on a serial console */
    reboot(RB_POWER_OFF);
    _exit(1); /* the machine does not go off: the kernel panics over the loss of PID 1, which ends it too */
}

bool power_set_hostname(struct text name) { return sethostname((const char *)name.bytes, name.length) == 0; }
