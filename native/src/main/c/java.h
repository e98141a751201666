#ifndef VMETTE_JAVA_H
#define VMETTE_JAVA_H

#include <jni.h>
#include <stdbool.h>
#include <stddef.h>

enum { JAVA_ERROR = 1024 };

/* Of a thread that calls Java, whatever `ulimit -s` says. A quarter of it would do; none of it is used before it is touched. */
enum { JAVA_STACK = 4 << 20 };

/* The Java entry, vmette.capi.Entry. */
struct entry_point {
    jclass type;
    jmethodID run;
    jmethodID close;
};

/*
 * Attaches this thread, whose signals are blocked, to the JVM of this process, which is created if there is none. NULL, and `error` for the
 * user, if it cannot be. To be followed by java_detach on the same thread.
 */
JNIEnv *java_attach(struct entry_point *entry, char error[JAVA_ERROR]);
void java_detach(void);

/* Whether this process may use Java: not a child of fork() whose parent has used it. Takes no lock that such a child may have inherited. */
bool java_is_ours(void);

#endif
