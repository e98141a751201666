#include "java.h"

#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "caller.h"
#include "find_java.h"
#include "home.h"
#include "options.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(pid_t *) process; /* the one that uses Java; its children have a page of zeros there, whatever their ids */
static JavaVM *vm;
static bool failed;
static struct entry_point known;
static struct java java;
static _Thread_local jmp_buf *creating;
static atomic_bool ended; /* by Java itself */

typedef jint (*create_function)(JavaVM **, void **, void *);
typedef jint (*list_function)(JavaVM **, jsize, jsize *);

bool java_is_ours(void) {
    pid_t *user = process;
    return user == NULL || *user == getpid();
}

/* From here on a child of this process is not one that may use Java. */
static bool claim(void) {
    if (process != NULL) {
        return true;
    }
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    pid_t *user = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (user == MAP_FAILED) {
        return false;
    }
    /* A child may have this process's id if it begins a namespace of them; without this advice, as before Linux 4.14, only the id tells. */
    madvise(user, page, MADV_WIPEONFORK);
    *user = getpid();
    process = user;
    return true;
}

/* A JVM that cannot start asks to have the process exited, which is not for a library to do. */
static void on_exit_of_java(jint code) {
    if (creating != NULL) {
        longjmp(*creating, 1);
    }
    /* This is the JVM's own thread, and nothing of Java runs any more that could close a runtime. */
    ended = true;
    exit(code);
}

static void on_abort_of_java(void) {
    if (creating != NULL) {
        longjmp(*creating, 1);
    }
}

static void close_at_exit(void);
static JNIEnv *join(void);

/*
 * The JDK gives SIGCHLD its default action when its class of processes is initialized, which this does: now, while the handlers are
 * known to which caller_after_java puts it back. Likewise it reads the environment once, and that has to be there then: another thread may remove
 * it (clearenv) at any time later.
 */
static void initialize(JNIEnv *env, const char *type, const char *method, const char *signature) {
    jclass found = (*env)->FindClass(env, type);
    if (found == NULL || (*env)->GetStaticMethodID(env, found, method, signature) == NULL) {
        (*env)->ExceptionClear(env);
    }
}

static JNIEnv *create(char *error) {
    char library[PATH_MAX + 32], home[PATH_MAX];
    JNIEnv *env = NULL;
    jmp_buf back;
    if (!find_java(&java, error) || !home_find(home, error)) {
        return NULL;
    }
    snprintf(library, sizeof library, "%s/lib/server/libjvm.so", java.home);
    void *handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    if (handle == NULL) {
        snprintf(error, JAVA_ERROR, "cannot load Java: %s", dlerror());
        return NULL;
    }
    create_function make = (create_function)dlsym(handle, "JNI_CreateJavaVM");
    struct options *options = options_make(home, &java, on_exit_of_java, on_abort_of_java);
    if (make == NULL || options == NULL) {
        snprintf(error, JAVA_ERROR, make == NULL ? "%s has no JNI_CreateJavaVM" : "out of memory for %s", library);
        options_free(options);
        return NULL;
    }
    JavaVMInitArgs arguments = {
        .version = JNI_VERSION_10, .nOptions = (jint)options->count, .options = options->list, .ignoreUnrecognized = JNI_FALSE};
    jint result = JNI_ERR;
    caller_before_java();
    creating = &back;
    /* No second try in this process: a JVM's libraries do not start anew. */
    failed = true;
    if (setjmp(back) == 0) {
        result = make(&vm, (void **)&env, &arguments);
    }
    creating = NULL;
    if (result == JNI_OK) {
        initialize(env, "java/lang/ProcessImpl", "init", "()V");
    }
    caller_after_java(java.home, result == JNI_OK);
    options_free(options);
    if (result == JNI_EEXIST && (env = join()) != NULL) { /* by another thread of the program, meanwhile */
        failed = false;
        return env;
    }
    if (result != JNI_OK) {
        vm = NULL;
        snprintf(error, JAVA_ERROR, "Java of %.300s did not start (%d): what it says above may be of VMETTE_JAVA_OPTS or of memory",
                 java.home, (int)result);
        return NULL;
    }
    initialize(env, "java/lang/ProcessEnvironment", "getenv", "(Ljava/lang/String;)Ljava/lang/String;");
    failed = false;
    atexit(close_at_exit);
    return env;
}

/* One that is in the process already, if this is called from a Java program. */
static JNIEnv *join(void) {
    list_function list = (list_function)dlsym(RTLD_DEFAULT, "JNI_GetCreatedJavaVMs");
    if (list == NULL) {
        void *handle = dlopen("libjvm.so", RTLD_NOW | RTLD_NOLOAD);
        list = handle == NULL ? NULL : (list_function)dlsym(handle, "JNI_GetCreatedJavaVMs");
    }
    jsize count = 0;
    JNIEnv *env = NULL;
    if (list == NULL || list(&vm, 1, &count) != JNI_OK || count < 1) {
        vm = NULL;
    } else if ((*vm)->AttachCurrentThreadAsDaemon(vm, (void **)&env, NULL) != JNI_OK) {
        env = NULL;
    }
    return env;
}

static JNIEnv *attach(char *error) {
    JNIEnv *env = NULL;
    if (failed) { /* before it is looked for: some list one that has given up */
        snprintf(error, JAVA_ERROR, "Java did not start in this process, and is not tried again");
        return NULL;
    }
    if (vm == NULL && (env = join()) == NULL && vm == NULL) {
        return create(error);
    }
    if (env == NULL && (*vm)->AttachCurrentThreadAsDaemon(vm, (void **)&env, NULL) != JNI_OK) {
        snprintf(error, JAVA_ERROR, "this thread cannot be attached to Java: out of memory, or it has ended");
        return NULL;
    }
    return env;
}

static bool look_up(JNIEnv *env, char *error) {
    if (known.type != NULL) {
        return true;
    }
    char why[JAVA_ERROR / 2] = "";
    jclass type = (*env)->FindClass(env, "vmette/capi/Entry");
    if (type == NULL) {
        (*env)->ExceptionClear(env);
        type = home_load(env, why);
    }
    jmethodID run = type == NULL ? NULL : (*env)->GetStaticMethodID(env, type, "run", "([B)J");
    jmethodID end = run == NULL ? NULL : (*env)->GetStaticMethodID(env, type, "close", "()V");
    jclass kept = end == NULL ? NULL : (*env)->NewGlobalRef(env, type);
    if (kept == NULL) {
        (*env)->ExceptionClear(env);
        snprintf(error, JAVA_ERROR, "the jars of vmette do not have vmette.capi.Entry as this library knows it%s%s", why[0] ? ": " : "", why);
        return false;
    }
    known = (struct entry_point){kept, run, end};
    return true;
}

JNIEnv *java_attach(struct entry_point *entry, char error[JAVA_ERROR]) {
    error[0] = 0;
    pthread_mutex_lock(&lock);
    JNIEnv *env = NULL;
    if (claim()) {
        env = attach(error);
    } else {
        snprintf(error, JAVA_ERROR, "out of memory");
    }
    bool usable = env != NULL && look_up(env, error);
    *entry = known;
    pthread_mutex_unlock(&lock);
    if (env != NULL && !usable) {
        java_detach();
    }
    return usable ? env : NULL;
}

void java_detach(void) {
    (*vm)->DetachCurrentThread(vm);
}

/* What is left of a runtime when its process exits: its VMs, its directory. */
static void *close_java(void *unused) {
    char error[JAVA_ERROR];
    struct entry_point entry;
    JNIEnv *env = java_attach(&entry, error);
    if (env != NULL) {
        (*env)->CallStaticVoidMethod(env, entry.type, entry.close);
        (*env)->ExceptionClear(env);
        java_detach();
    }
    return unused;
}

static void close_at_exit(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    /* A child of fork() exits as well, and has none of its parent's threads. */
    if (ended || !java_is_ours()) {
        return;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, JAVA_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(&thread, &attributes, close_java, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure == 0) {
        pthread_join(thread, NULL);
    }
}
