#ifndef VMETTE_HOME_H
#define VMETTE_HOME_H

#include <jni.h>
#include <limits.h>
#include <stdbool.h>

/*
 * The layout, here and nowhere else in C: the library is beside vmette/, where it was installed, or in what was built; either has
 * lib/(the jars), native/(JNA's and Zstandard's libraries) and perhaps classes.jsa (an archive of classes).
 */

/* That directory, without symbolic links. Else false, and `why` for the user. */
bool home_find(char home[PATH_MAX], char *why);

/* The jars, in order, with colons between them; to be freed. NULL if there are none. */
char *home_class_path(const char *home);

/* The Java entry by a class loader of its own over the jars, in a JVM that was started without them. Else NULL and `why`. */
jclass home_load(JNIEnv *env, char *why);

#endif
