#ifndef VMETTE_CALLER_H
#define VMETTE_CALLER_H

#include <stdbool.h>

/* What belongs to the caller and a JVM would take: signal handlers, the locale, closed standard descriptors. It gets them back. */

/* Around each run, of which several may go on at once. */
void caller_enter(void);
void caller_leave(void);

/*
 * Around the creation of a JVM, within a run. `java_home` is static; handlers that lie in its libraries are the JVM's, which needs some of them
 * unless it was not `made`. There is an environment afterwards, if an empty one.
 */
void caller_before_java(void);
void caller_after_java(const char *java_home, bool made);

#endif
