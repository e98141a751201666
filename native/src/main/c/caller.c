#include "caller.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The JDK wakes threads that are blocked in a file or socket by it (NativeThread.c, net_util's linux_close.c: __SIGRTMAX - 2). */
#define JDK_WAKEUP 62

/*
 * What only the environment tells a JVM. It suspends its threads by a signal, SIGUSR2, which all of them let through; a program that blocks
 * that in its own threads, for sigwait or signalfd, would be ended by it: hence the one that they let through anyway. And the names of its
 * files, of jars too, are in the encoding of the locale.
 */
static char suspend[] = "_JAVA_SR_SIGNUM=62";
static char utf8[] = "LC_ALL=C.UTF-8";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int runs;
static bool held[3];
static struct sigaction saved[NSIG];
static const char *java; /* home of the JVM that we made, or tried to */
static bool made;
static char *language;
static char *none[1];                  /* for a program that has cleared its environment: Java does not bear that there is none */
static char **environment, **extended; /* once in a process, as Java is made */

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
        if (!(made && is_needed(number)) && sigaction(number, NULL, &now) == 0 && is_java(&now)) {
            sigaction(number, &saved[number], NULL);
        }
    }
}

/* The ends of children that are ignored cannot be learnt. */
static bool ignores_children(const struct sigaction *action) {
    return action->sa_handler == SIG_IGN || (action->sa_flags & SA_NOCLDWAIT) != 0;
}

/* The caller's action for SIGCHLD, as far as a run can bear it. */
static struct sigaction bearable(void) {
    struct sigaction action = saved[SIGCHLD];
    action.sa_flags &= ~SA_NOCLDWAIT;
    if (action.sa_handler == SIG_IGN) {
        action.sa_handler = SIG_DFL;
    }
    return action;
}

/* Around each run, and once when the JDK has taken it. What the caller's other threads have changed since is theirs. */
static void put_child_action(const struct sigaction *instead, bool of_java) {
    struct sigaction now, ours = bearable();
    if (sigaction(SIGCHLD, NULL, &now) == 0 && (now.sa_handler == ours.sa_handler || (of_java && now.sa_handler == SIG_DFL))) {
        sigaction(SIGCHLD, instead, NULL);
    }
}

void caller_enter(void) {
    pthread_mutex_lock(&lock);
    if (runs++ == 0) {
        hold_standard_descriptors();
        save_handlers();
        if (ignores_children(&saved[SIGCHLD])) {
            struct sigaction action = bearable();
            sigaction(SIGCHLD, &action, NULL);
        }
    }
    pthread_mutex_unlock(&lock);
}

void caller_leave(void) {
    pthread_mutex_lock(&lock);
    if (--runs == 0) {
        if (java != NULL) {
            give_back_handlers();
        }
        if (ignores_children(&saved[SIGCHLD])) {
            put_child_action(&saved[SIGCHLD], false);
        }
        free_standard_descriptors();
    }
    pthread_mutex_unlock(&lock);
}

/* As an array of its own, since another thread may be reading the caller's, and this one too: it is kept. The first of a name holds. */
static void extend_environment(void) {
    size_t count = 0, ours = 0;
    char **before = environ == NULL ? none : environ;
    while (before[count] != NULL) {
        count++;
    }
    char **longer = malloc((count + 3) * sizeof *longer);
    if (longer == NULL) {
        environ = before;
        return;
    }
    longer[ours++] = utf8;
    if (getenv("_JAVA_SR_SIGNUM") == NULL) {
        longer[ours++] = suspend;
    }
    memcpy(longer + ours, before, (count + 1) * sizeof *longer);
    environment = before;
    environ = extended = longer;
}

/* With what other threads have set or removed meanwhile. One that added something has made an array of its own, which stays. */
static void reduce_environment(void) {
    char **now = environ == NULL ? none : environ;
    char **to = now == extended ? environment : now;
    size_t kept = 0;
    for (char **from = now; *from != NULL; from++) {
        if (*from != utf8 && *from != suspend) {
            to[kept++] = *from;
        }
    }
    to[kept] = NULL;
    environ = to;
}

void caller_before_java(void) {
    extend_environment();
    const char *now = setlocale(LC_ALL, NULL);
    language = now == NULL ? NULL : strdup(now);
}

void caller_after_java(const char *java_home, bool is_made) {
    reduce_environment();
    pthread_mutex_lock(&lock);
    java = java_home;
    made = is_made;
    give_back_handlers();
    struct sigaction action = bearable();
    put_child_action(&action, true);
    pthread_mutex_unlock(&lock);
    if (language != NULL) {
        setlocale(LC_ALL, language);
        free(language);
        language = NULL;
    }
}
