#ifndef VMETTE_CALLER_H
#define VMETTE_CALLER_H

/* What belongs to the caller and a JVM would take: signal handlers, the locale, closed standard descriptors. It gets them back. */

/* Around each run, of which several may go on at once. */
void caller_enter(void);
void caller_leave(void);

/* Around the creation of a JVM, within a run. `java_home` is static; handlers that lie in its libraries are the JVM's. */
void caller_before_java(void);
void caller_after_java(const char *java_home);

#endif
