#ifndef VMETTE_FIND_JAVA_H
#define VMETTE_FIND_JAVA_H

#include <limits.h>
#include <stdbool.h>

/* A Java runtime. */
struct java {
    char home[PATH_MAX];    /* without symbolic links */
    char version[128];      /* as in 17.0.15+6-Debian-1 */
    int major;
};

/*
 * VMETTE_JAVA_HOME alone, if it is set; else JAVA_HOME, the java of the PATH, those in /usr/lib/jvm: the first that is 17 or later and has
 * a libjvm.so. Else false, and `why`, of 512 bytes, for the user.
 */
bool find_java(struct java *found, char *why);

#endif
