/* `survival ignore|handle`: two runs; before and after them everything of this process that a JVM likes to take. Says what differs. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vmette.h>

extern char **environ;

/* Of the kernel's flags, what the C library adds by itself. */
#define RESTORER 0x04000000

struct state {
    struct sigaction actions[NSIG];
    sigset_t mask;
    sigset_t pending;
    char locale[256];
    char directory[4096];
    mode_t umask;
    struct rlimit files;
    struct stat fds[3];
    int closed[3];
    char **environment;
    char *variables[256];
};

static volatile sig_atomic_t handled[NSIG];

static void handler(int number) {
    handled[number]++;
}

static void look(struct state *state) {
    memset(state, 0, sizeof *state);
    for (int number = 1; number < NSIG; number++) {
        sigaction(number, NULL, &state->actions[number]);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &state->mask);
    sigpending(&state->pending);
    snprintf(state->locale, sizeof state->locale, "%s", setlocale(LC_ALL, NULL));
    if (getcwd(state->directory, sizeof state->directory) == NULL) {
        exit(2);
    }
    state->umask = umask(0);
    umask(state->umask);
    getrlimit(RLIMIT_NOFILE, &state->files);
    for (int fd = 0; fd < 3; fd++) {
        state->closed[fd] = fstat(fd, &state->fds[fd]) != 0;
    }
    state->environment = environ;
    for (int i = 0; i < 255 && environ[i] != NULL; i++) {
        state->variables[i] = environ[i];
    }
}

static int differences;

static void differs(const char *what, int number) {
    printf("%s %d differs\n", what, number);
    differences++;
}

static void compare(const struct state *a, const struct state *b) {
    for (int number = 1; number < NSIG; number++) {
        /* A JVM's own faults, which it passes on if they are none; and the JDK's wake-up of its threads. */
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL || number == 62) {
            continue;
        }
        if (a->actions[number].sa_handler != b->actions[number].sa_handler ||
            ((a->actions[number].sa_flags ^ b->actions[number].sa_flags) & ~RESTORER) != 0) {
            differs("handler of signal", number);
        }
        if (sigismember(&a->mask, number) != sigismember(&b->mask, number)) {
            differs("mask of signal", number);
        }
    }
    if (strcmp(a->locale, b->locale) != 0) {
        differs("locale", 0);
    }
    if (strcmp(a->directory, b->directory) != 0) {
        differs("working directory", 0);
    }
    if (a->umask != b->umask) {
        differs("umask", 0);
    }
    if (memcmp(&a->files, &b->files, sizeof a->files) != 0) {
        differs("limit of descriptors", 0);
    }
    for (int fd = 0; fd < 3; fd++) {
        if (a->closed[fd] != b->closed[fd] || a->fds[fd].st_ino != b->fds[fd].st_ino || a->fds[fd].st_dev != b->fds[fd].st_dev) {
            differs("descriptor", fd);
        }
    }
    if (a->environment != b->environment || memcmp(a->variables, b->variables, sizeof a->variables) != 0) {
        differs("environment", 0);
    }
}

/* A process's signal goes to any thread that does not block it. This asks all of them, Java's too. */
static void must_be_blocked_everywhere(int number) {
    glob_t threads;
    char line[256];
    if (glob("/proc/self/task/*/status", 0, NULL, &threads) != 0 || threads.gl_pathc < 3) {
        differs("list of threads", 0);
        return;
    }
    for (size_t i = 0; i < threads.gl_pathc; i++) {
        FILE *status = fopen(threads.gl_pathv[i], "re");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            unsigned long long blocked;
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1 && (blocked >> (number - 1) & 1) == 0) {
                differs("mask of a thread for signal", number);
            }
        }
        if (status != NULL) {
            fclose(status);
        }
    }
    globfree(&threads);
}

int main(int argc, char **argv) {
    static struct state before, after;
    struct sigaction fault = {.sa_handler = handler};
    sigaction(SIGSEGV, &fault, NULL);
    const int handled_signals[] = {SIGUSR1, SIGUSR2, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM, SIGWINCH, SIGXFSZ};
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++) {
        struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
        sigaction(handled_signals[i], &action, NULL);
    }
    bool handles = argc == 2 && strcmp(argv[1], "handle") == 0;
    struct sigaction children = {.sa_handler = handles ? handler : SIG_IGN, .sa_flags = handles ? SA_RESTART | SA_NOCLDWAIT : 0};
    sigaction(SIGCHLD, &children, NULL);
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGPROF);
    pthread_sigmask(SIG_SETMASK, &some, NULL);
    setlocale(LC_ALL, "C");
    close(0);
    look(&before);
    for (int i = 0; i < 2; i++) {
        vmette_config_t *cfg = vmette_config_new("", "");
        vmette_config_set_mem_mib(cfg, 128);
        vmette_config_set_exec(cfg, "cat; exit 5");
        vmette_run_output_t *out = NULL;
        VmetteStatus status = vmette_run(cfg, &out);
        if (status != VMETTE_STATUS_OK || vmette_run_output_exit_code(out) != 5) {
            differs("run", (int)status);
        }
        vmette_run_output_free(out);
        vmette_config_free(cfg);
        look(&after);
        compare(&before, &after);
    }
    if (handles && handled[SIGCHLD] == 0) {
        differs("arrival of signal", SIGCHLD);
    }
    must_be_blocked_everywhere(SIGUSR1);
    must_be_blocked_everywhere(SIGUSR2);
    /* To whom do signals go now? SIGUSR1 and SIGUSR2 to nobody: this thread blocks them, and so must all of Java's. */
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++) {
        kill(getpid(), handled_signals[i]);
    }
    for (size_t i = 0; i < sizeof handled_signals / sizeof handled_signals[0]; i++) {
        bool blocked = handled_signals[i] == SIGUSR1 || handled_signals[i] == SIGUSR2;
        if (handled[handled_signals[i]] != !blocked) {
            differs("arrival of signal", handled_signals[i]);
        }
    }
    sigpending(&some);
    if (!sigismember(&some, SIGUSR1) || !sigismember(&some, SIGUSR2)) {
        differs("pending signal", SIGUSR1);
    }
    /* One that is not Java's reaches the handler that was there before, by Java's. */
    raise(SIGSEGV);
    if (handled[SIGSEGV] != 1) {
        differs("arrival of signal", SIGSEGV);
    }
    printf("%d differences\n", differences);
    return differences != 0;
}
