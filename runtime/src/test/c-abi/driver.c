/*
 * Does what its arguments say, in order, and writes a line to descriptor 3 for each run: `STATUS CODE`, or `STATUS -` where the outcome was
 * not touched. `new` begins a configuration; each other word takes its own arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vmette.h>

static vmette_config_t *cfg;
static atomic_bool over; /* the last run that was begun */
static int at;
static char **words;
static int count;

static char *next(void) {
    if (at >= count) {
        fprintf(stderr, "driver: an argument is missing after %s\n", words[count - 1]);
        exit(99);
    }
    char *word = words[at++];
    return strcmp(word, "NULL") == 0 ? NULL : word;
}

static long long number(void) {
    return strtoll(next(), NULL, 10);
}

static void *run(void *unused) {
    vmette_run_output_t *untouched = (vmette_run_output_t *)&cfg, *out = untouched;
    /* In a program that is not position-independent this address lies in the program. */
    VmetteStatus (*volatile runs)(const vmette_config_t *, vmette_run_output_t **) = vmette_run;
    VmetteStatus status = runs(cfg, &out);
    if (out == untouched) {
        dprintf(3, "%d -\n", (int)status);
    } else {
        dprintf(3, "%d %d\n", (int)status, (int)vmette_run_output_exit_code(out));
        vmette_run_output_free(out);
    }
    over = true;
    return unused;
}

static void several(int threads) {
    pthread_t ids[16];
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, run, NULL) != 0) {
            exit(98);
        }
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
}

static void forked(void) {
    pid_t child = fork();
    if (child == 0) {
        run(NULL);
        exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    dprintf(3, "child %d\n", WEXITSTATUS(status));
}

static pthread_t other;

static void begin(void) {
    over = false;
    if (pthread_create(&other, NULL, run, NULL) != 0) {
        exit(98);
    }
}

/* Until the guest of the run that was begun has written to standard output, which is a file. */
static void await_output(void) {
    struct stat file = {0};
    for (bool last = false; fstat(1, &file) == 0 && file.st_size == 0; last = over) {
        if (last) {
            fprintf(stderr, "driver: the run ended without output\n");
            exit(96);
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

/* As supervisors and shells do: whichever child has ended. */
static void *take_ends(void *unused) {
    for (;;) {
        if (waitpid(-1, NULL, 0) < 0) {
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
    }
    return unused;
}

/* The kernel itself takes every end, from now on: within a run too, which has put the default action there. */
static void *ignore_ends(void *unused) {
    for (;;) {
        signal(SIGCHLD, SIG_IGN);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return unused;
}

static void on_child(int number) {
    int error = errno;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = error;
    (void)number;
}

static void reap(const char *how) {
    pthread_t thief;
    if (strcmp(how, "handler") == 0) {
        sigaction(SIGCHLD, &(struct sigaction){.sa_handler = on_child, .sa_flags = SA_RESTART}, NULL);
    } else if (pthread_create(&thief, NULL, strcmp(how, "ignore") == 0 ? ignore_ends : take_ends, NULL) != 0) {
        exit(98);
    }
}

static void *run_cancelled(void *unused) {
    vmette_run_output_t *out = NULL;
    pthread_cancel(pthread_self());
    if (vmette_run(cfg, &out) == VMETTE_STATUS_OK) {
        vmette_run_output_free(out);
    }
    pthread_testcancel();
    exit(95);
    return unused;
}

static void cancelled(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, run_cancelled, NULL) != 0) {
        exit(98);
    }
    pthread_join(thread, NULL);
}

static void require(int failure) {
    if (failure != 0) {
        fprintf(stderr, "driver: %s\n", strerror(errno));
        exit(94);
    }
}

static void perform(const char *word) {
    if (strcmp(word, "new") == 0) {
        vmette_config_free(cfg);
        char *kernel = next();
        cfg = vmette_config_new(kernel, next());
    } else if (strcmp(word, "cmdline") == 0) {
        vmette_config_set_cmdline(cfg, next());
    } else if (strcmp(word, "rootfs") == 0) {
        vmette_config_set_rootfs_share(cfg, next(), false);
    } else if (strcmp(word, "rootfs-ro") == 0) {
        vmette_config_set_rootfs_share(cfg, next(), true);
    } else if (strcmp(word, "share") == 0) {
        char *tag = next();
        vmette_config_add_share(cfg, tag, next());
    } else if (strcmp(word, "env") == 0) {
        char *key = next();
        vmette_config_add_env(cfg, key, next());
    } else if (strcmp(word, "disk") == 0) {
        vmette_config_add_disk(cfg, next());
    } else if (strcmp(word, "exec") == 0) {
        vmette_config_set_exec(cfg, next());
    } else if (strcmp(word, "net") == 0) {
        vmette_config_set_net(cfg, number());
    } else if (strcmp(word, "switch-root") == 0) {
        vmette_config_set_switch_root(cfg, number());
    } else if (strcmp(word, "vsock") == 0) {
        vmette_config_set_vsock_port(cfg, (int32_t)number());
    } else if (strcmp(word, "guest-vsock") == 0) {
        vmette_config_set_guest_vsock_port(cfg, (uint32_t)number());
    } else if (strcmp(word, "timeout") == 0) {
        vmette_config_set_timeout(cfg, (uint32_t)number());
    } else if (strcmp(word, "vcpus") == 0) {
        vmette_config_set_vcpus(cfg, (uint8_t)number());
    } else if (strcmp(word, "mem") == 0) {
        vmette_config_set_mem_mib(cfg, (uint64_t)number());
    } else if (strcmp(word, "scratch") == 0) {
        vmette_config_set_scratch_mib(cfg, (uint64_t)number());
    } else if (strcmp(word, "build") == 0) {
        vmette_config_set_build_snapshot(cfg, next());
    } else if (strcmp(word, "resume") == 0) {
        vmette_config_set_resume_snapshot(cfg, next());
    } else if (strcmp(word, "cd") == 0) {
        if (chdir(next()) != 0) {
            exit(97);
        }
    } else if (strcmp(word, "run") == 0) {
        run(NULL);
    } else if (strcmp(word, "threads") == 0) {
        several((int)number());
    } else if (strcmp(word, "fork") == 0) {
        forked();
    } else if (strcmp(word, "cancelled") == 0) {
        cancelled();
    } else if (strcmp(word, "close") == 0) {
        close((int)number());
    } else if (strcmp(word, "clearenv") == 0) {
        clearenv();
    } else if (strcmp(word, "raise") == 0) {
        raise((int)number());
    } else if (strcmp(word, "namespace") == 0) { /* of process ids, for children */
        require(unshare(CLONE_NEWPID));
    } else if (strcmp(word, "resign") == 0) { /* of a setuid program's two users, the effective one stays */
        require(setgroups(0, NULL) + setresgid(getegid(), getegid(), getegid()) + setresuid(geteuid(), geteuid(), geteuid()));
    } else if (strcmp(word, "secure") == 0) {
        dprintf(3, "secure %lu\n", getauxval(AT_SECURE));
    } else if (strcmp(word, "begin") == 0) {
        begin();
    } else if (strcmp(word, "output") == 0) {
        await_output();
    } else if (strcmp(word, "sleep") == 0) { /* milliseconds */
        usleep((useconds_t)number() * 1000);
    } else if (strcmp(word, "join") == 0) {
        pthread_join(other, NULL);
    } else if (strcmp(word, "touch") == 0) {
        close(open(next(), O_WRONLY | O_CREAT, 0666));
    } else if (strcmp(word, "reap") == 0) {
        reap(next());
    } else if (strcmp(word, "exit") == 0) {
        exit((int)number());
    } else if (strcmp(word, "_exit") == 0) {
        _exit((int)number());
    } else if (strcmp(word, "abort") == 0) {
        abort();
    } else if (strcmp(word, "wait") == 0) { /* until standard input ends */
        char c;
        while (read(0, &c, 1) > 0) {
        }
    } else {
        fprintf(stderr, "driver: what is %s?\n", word);
        exit(99);
    }
}

int main(int argc, char **argv) {
    words = argv;
    count = argc;
    for (at = 1; at < count;) {
        perform(next());
    }
    vmette_config_free(cfg);
    return 0;
}
