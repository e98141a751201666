#ifndef VMETTE_OPTIONS_H
#define VMETTE_OPTIONS_H

#include <jni.h>
#include <stddef.h>

#include "find_java.h"

/* The JVM's options, each of which docs/c-abi.md explains. */
struct options {
    JavaVMOption *list;
    size_t count;
    size_t capacity;
};

/* NULL if memory is short. */
struct options *options_make(const char *home, const struct java *java, void (*on_exit)(jint), void (*on_abort)(void));
void options_free(struct options *options);

#endif
