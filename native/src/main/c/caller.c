#include "caller.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The JDK wakes threads that are blocked in a file or socket by it (NativeThread.c, net_util's linux_close.c: __SIGRTMAX - 2). */
#define JDK_WAKEUP 62

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int runs;
static bool held[3];
static struct sigaction saved[NSIG];
static const char *java; /* home of the JVM that we made */
static char *language;

/* A descriptor that is closed would be given to whatever is opened next, and the guest's output would end there. */
static void hold_standard_descriptors(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
            continue;
        }
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0) {
            return;
        }
        held[fd] = null == fd;
        if (null != fd) {
            close(null);
        }
    }
}

/* Unless somebody has opened something else there meanwhile. */
static void free_standard_descriptors(void) {
    struct stat null, now;
    for (int fd = 0; fd < 3; fd++) {
        if (held[fd] && stat("/dev/null", &null) == 0 && fstat(fd, &now) == 0 && now.st_rdev == null.st_rdev) {
            close(fd);
        }
        held[fd] = false;
    }
}

static void save_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &saved[number]) != 0) {
            memset(&saved[number], 0, sizeof saved[number]);
        }
    }
}

static bool is_java(const struct sigaction *action) {
    Dl_info place;
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN &&
           dladdr((void *)action->sa_sigaction, &place) != 0 && place.dli_fname != NULL &&
           strncmp(place.dli_fname, java, strlen(java)) == 0;
}

/* A JVM cannot do without faults of its own code; it passes others' on to the handlers that were there before. */
static bool is_needed(int number) {
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == JDK_WAKEUP;
}

/* Only what the JVM has put there: what the caller's other threads have changed since is theirs. */
static void give_back_handlers(void) {
    for (int number = 1; number < NSIG; number++) {
        struct sigaction now;
        if (!is_needed(number) && sigaction(number, NULL, &now) == 0 && is_java(&now)) {
            sigaction(number, &saved[number], NULL);
        }
    }
}

/* The ends of children that are ignored cannot be learnt: the JDK ends that when it first starts one, we around each run. */
static void care_for_children(bool care) {
    struct sigaction action;
    if (saved[SIGCHLD].sa_handler != SIG_IGN || sigaction(SIGCHLD, NULL, &action) != 0 ||
        action.sa_handler != (care ? SIG_IGN : SIG_DFL)) {
        return;
    }
    action = saved[SIGCHLD];
    if (care) {
        action.sa_handler = SIG_DFL;
    }
    sigaction(SIGCHLD, &action, NULL);
}

void caller_enter(void) {
    pthread_mutex_lock(&lock);
    if (runs++ == 0) {
        hold_standard_descriptors();
        save_handlers();
        care_for_children(true);
    }
    pthread_mutex_unlock(&lock);
}

void caller_leave(void) {
    pthread_mutex_lock(&lock);
    if (--runs == 0) {
        if (java != NULL) {
            give_back_handlers();
        }
        care_for_children(false);
        free_standard_descriptors();
    }
    pthread_mutex_unlock(&lock);
}

void caller_before_java(void) {
    const char *now = setlocale(LC_ALL, NULL);
    language = now == NULL ? NULL : strdup(now);
}

void caller_after_java(const char *java_home) {
    pthread_mutex_lock(&lock);
    java = java_home;
    give_back_handlers();
    pthread_mutex_unlock(&lock);
    if (language != NULL) {
        setlocale(LC_ALL, language);
        free(language);
        language = NULL;
    }
}
