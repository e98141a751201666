/*
 * A libjvm.so of paper: as much of JNI as the library calls, so that all of the library can be run under valgrind, which a real JVM makes slow
 * and loud. A run's outcome is exit code 7. PAPER_JVM says what goes wrong: `fails`, `exits`, `abandons` (exits, and is listed all the same, as older ones are), `aborts`, `throws`, `forgets` (has no Entry).
 * What one of its calls gives, the library has to give back: what is not is told at the end, as a leak.
 */
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct JNINativeInterface_ functions;
static const struct JNIInvokeInterface_ invocations;
static JNIEnv env = &functions;
static JavaVM vm = &invocations;
static struct {
    jsize length;
    char bytes[4096];
} array;
static _Thread_local int attached __attribute__((tls_model("initial-exec"))); /* else it is allocated later, or the process is ended */
static int made;

static int is(const char *trouble) {
    const char *wanted = getenv("PAPER_JVM");
    return wanted != NULL && strcmp(wanted, trouble) == 0;
}

static jclass find_class(JNIEnv *self, const char *name) {
    (void)self;
    return is("forgets") && strncmp(name, "vmette/", 7) == 0 ? NULL : (jclass)&env;
}

static jmethodID static_method(JNIEnv *self, jclass type, const char *name, const char *signature) {
    (void)self, (void)type, (void)signature;
    return name[0] == 0 ? NULL : (jmethodID)&env;
}

static jmethodID no_method(JNIEnv *self, jclass type, const char *name, const char *signature) {
    (void)self, (void)type, (void)name, (void)signature;
    return (jmethodID)&env;
}

static jobject same(JNIEnv *self, jobject object) {
    (void)self;
    return object;
}

static void clear(JNIEnv *self) {
    (void)self;
}

static jboolean check(JNIEnv *self) {
    (void)self;
    return is("throws");
}

static jbyteArray new_array(JNIEnv *self, jsize length) {
    (void)self;
    return length <= (jsize)sizeof array.bytes ? (jbyteArray)&array : NULL;
}

/* What a run is asked for, as it is sent, into the file that PAPER_REQUEST names. */
static void keep(const jbyte *bytes, jsize length) {
    const char *name = getenv("PAPER_REQUEST");
    FILE *file = name == NULL ? NULL : fopen(name, "w");
    if (file != NULL) {
        fwrite(bytes, 1, (size_t)length, file);
        fclose(file);
    }
}

/* Reads each byte, and on each depends what is done, as valgrind wants it. */
static void fill(JNIEnv *self, jbyteArray to, jsize from, jsize length, const jbyte *bytes) {
    (void)self, (void)to;
    keep(bytes, length);
    for (jsize i = 0; i < length; i++) {
        array.bytes[from + i] = bytes[i] == 0 ? '|' : (char)bytes[i];
    }
}

static jlong call_long(JNIEnv *self, jclass type, jmethodID method, ...) {
    (void)self, (void)type, (void)method;
    return 7;
}

static void call_void(JNIEnv *self, jclass type, jmethodID method, ...) {
    (void)self, (void)type, (void)method;
    fputs("closed\n", stdout);
}

static jobject call_object(JNIEnv *self, jobject object, jmethodID method, ...) {
    (void)self, (void)method;
    return object;
}

static jobject no_loader(JNIEnv *self, jclass type, jmethodID method, ...) {
    (void)self, (void)type, (void)method;
    return NULL;
}

static jobjectArray new_objects(JNIEnv *self, jsize length, jclass type, jobject first) {
    (void)self, (void)type, (void)first;
    return length > 0 ? (jobjectArray)&array : NULL;
}

static void set_object(JNIEnv *self, jobjectArray to, jsize index, jobject value) {
    (void)self, (void)to, (void)index, (void)value;
}

static jint push(JNIEnv *self, jint capacity) {
    (void)self, (void)capacity;
    return 0;
}

static jstring new_text(JNIEnv *self, const char *text) {
    (void)self;
    return strlen(text) > 0 ? (jstring)&env : NULL;
}

static const struct JNINativeInterface_ functions = {
    .FindClass = find_class,
    .GetStaticMethodID = static_method,
    .GetMethodID = no_method,
    .NewGlobalRef = same,
    .PopLocalFrame = same,
    .PushLocalFrame = push,
    .ExceptionClear = clear,
    .ExceptionCheck = check,
    .NewByteArray = new_array,
    .SetByteArrayRegion = fill,
    .CallStaticLongMethod = call_long,
    .CallStaticVoidMethod = call_void,
    .CallObjectMethod = call_object,
    .NewObject = (jobject (*)(JNIEnv *, jclass, jmethodID, ...))call_object,
    .CallStaticObjectMethod = no_loader,
    .NewObjectArray = new_objects,
    .SetObjectArrayElement = set_object,
    .NewStringUTF = new_text,
};

static jint attach(JavaVM *self, void **to, void *arguments) {
    (void)self, (void)arguments;
    attached++;
    *to = &env;
    return JNI_OK;
}

static jint detach(JavaVM *self) {
    (void)self;
    if (--attached != 0) {
        fputs("detached twice, or not at all\n", stderr);
        abort();
    }
    return JNI_OK;
}

static const struct JNIInvokeInterface_ invocations = {.AttachCurrentThreadAsDaemon = attach, .DetachCurrentThread = detach};

JNIEXPORT jint JNICALL JNI_GetCreatedJavaVMs(JavaVM **to, jsize most, jsize *count) {
    if (made && most > 0) {
        *to = &vm;
    }
    *count = made;
    return JNI_OK;
}

JNIEXPORT jint JNICALL JNI_CreateJavaVM(JavaVM **to, void **to_env, void *given) {
    JavaVMInitArgs *arguments = given;
    size_t length = 0;
    for (jint i = 0; i < arguments->nOptions; i++) {
        const JavaVMOption *option = &arguments->options[i];
        length += strlen(option->optionString);
        if (strcmp(option->optionString, "exit") == 0 && (is("exits") || is("abandons"))) {
            made = is("abandons");
            ((void (*)(jint))option->extraInfo)(1);
        }
        if (strcmp(option->optionString, "abort") == 0 && is("aborts")) {
            ((void (*)(void))option->extraInfo)();
        }
    }
    if (length == 0 || is("fails")) {
        return JNI_ERR;
    }
    printf("%s\n", arguments->options[arguments->nOptions - 1].optionString);
    fflush(stdout);
    made = 1;
    attached = 1;
    *to = &vm;
    *to_env = &env;
    return JNI_OK;
}
