#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"
#include "config.h"
#include "java.h"
#include "vmette.h"

struct vmette_run_output_t {
    int32_t exit_code;
};

struct job {
    struct request request;
    VmetteStatus status;
    int32_t exit_code;
    char error[JAVA_ERROR]; /* if Java has not said it */
};

/* A reader that has gone is no reason to end the caller's process. */
static void write_quietly(const char *line, size_t length) {
    sigset_t pipe, pending, before;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    if (write(STDERR_FILENO, line, length) < 0 && errno == EPIPE && !sigismember(&pending, SIGPIPE)) {
        sigtimedwait(&pipe, NULL, &(struct timespec){0, 0});
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* In one write, so that lines of several threads do not mix. */
static VmetteStatus fail(VmetteStatus status, const char *text) {
    char line[JAVA_ERROR + 16];
    int length = snprintf(line, sizeof line - 1, "vmette: %s", text);
    if (length > (int)sizeof line - 2) {
        length = sizeof line - 2;
    }
    for (char *c = line; *c != 0; c++) { /* of a path, say */
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
    line[length++] = '\n';
    write_quietly(line, (size_t)length);
    return status;
}

static void call(JNIEnv *env, const struct entry_point *entry, struct job *job) {
    jsize length = (jsize)job->request.length;
    jlong outcome = 0;
    jbyteArray bytes = (*env)->NewByteArray(env, length);
    if (bytes != NULL) {
        (*env)->SetByteArrayRegion(env, bytes, 0, length, (const jbyte *)job->request.bytes);
        outcome = (*env)->CallStaticLongMethod(env, entry->type, entry->run, bytes);
    }
    if ((*env)->ExceptionCheck(env)) {
        (*env)->ExceptionClear(env);
        job->status = VMETTE_STATUS_IO;
        snprintf(job->error, sizeof job->error, "Java is out of memory, or broken: VMETTE_JAVA_OPTS=-Xmx512m gives it more");
        return;
    }
    job->status = (VmetteStatus)(outcome >> 32);
    job->exit_code = (int32_t)outcome;
}

static void *work(void *given) {
    struct job *job = given;
    struct entry_point entry;
    JNIEnv *env = java_attach(&entry, job->error);
    if (env == NULL) {
        job->status = VMETTE_STATUS_IO;
        return NULL;
    }
    call(env, &entry, job);
    java_detach();
    return NULL;
}

/*
 * Java's threads are made by this one and inherit its mask: every signal is left to the caller's threads but those that Java needs, which it
 * unblocks itself, and the one by which the JDK wakes its threads.
 */
static void block_signals(sigset_t *before) {
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, 62);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

/* The caller's thread only waits: its mask, its stack and its being no thread of Java's stay as they are. */
static bool run_elsewhere(struct job *job) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, JAVA_STACK);
    block_signals(&before);
    int failure = pthread_create(&thread, &attributes, work, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure == 0) {
        pthread_join(thread, NULL);
    }
    return failure == 0;
}

/*
 * Whoever starts such a program chooses its environment, PATH and settings, and with them what would be started with its rights; and not only C
 * would have to disbelieve them, the JVM and Java as well. The kernel says it once for all of the program's life, also for one with capabilities.
 */
static bool has_others_rights(void) {
    uid_t user, effective_user, saved_user;
    gid_t group, effective_group, saved_group;
    return getauxval(AT_SECURE) != 0 || getresuid(&user, &effective_user, &saved_user) != 0 || getresgid(&group, &effective_group, &saved_group) != 0 ||
           user != effective_user || user != saved_user || group != effective_group || group != saved_group;
}

static VmetteStatus run(const vmette_config_t *cfg, vmette_run_output_t **out) {
    const char *text = NULL;
    if (cfg == NULL || out == NULL) {
        return fail(VMETTE_STATUS_NULL_ARG, cfg == NULL ? "vmette_run was given no configuration" : "vmette_run was given no place for its outcome");
    }
    if (!java_is_ours()) {
        return fail(VMETTE_STATUS_IO, "this process was forked from one that has run VMs, and has none of its threads: run them in the parent, or after exec");
    }
    if (has_others_rights()) {
        return fail(VMETTE_STATUS_IO, "a program that was started with more rights than its user's (setuid, setgid, capabilities) cannot run VMs: have it exec one that does");
    }
    vmette_run_output_t *made = malloc(sizeof *made);
    struct job *job = calloc(1, sizeof *job); /* not on a stack that a longjmp may take away from under the run */
    VmetteStatus status = made == NULL || job == NULL ? VMETTE_STATUS_IO : config_encode(cfg, &job->request, &text);
    if (status != VMETTE_STATUS_OK) {
        free(made);
        free(job);
        return fail(status, text == NULL ? "out of memory" : text);
    }
    caller_enter();
    if (!run_elsewhere(job)) {
        job->status = VMETTE_STATUS_IO;
        snprintf(job->error, sizeof job->error, "no thread can be made for the run: see ulimit -u");
    }
    caller_leave();
    if (job->error[0] != 0) {
        fail(job->status, job->error);
    }
    status = job->status;
    made->exit_code = job->exit_code;
    free(job->request.bytes);
    free(job);
    if (status != VMETTE_STATUS_OK) {
        free(made);
        return status;
    }
    *out = made;
    return VMETTE_STATUS_OK;
}

/* Cancelled in between it would leave locks behind that it holds. */
VmetteStatus vmette_run(const vmette_config_t *cfg, vmette_run_output_t **out) {
    int cancelled;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelled);
    VmetteStatus status = run(cfg, out);
    pthread_setcancelstate(cancelled, NULL);
    return status;
}

int32_t vmette_run_output_exit_code(const vmette_run_output_t *out) {
    return out == NULL ? 0 : out->exit_code;
}

void vmette_run_output_free(vmette_run_output_t *out) {
    free(out);
}

const char *vmette_version(void) {
    return VMETTE_VERSION;
}
