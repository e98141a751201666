/* What is told of a file: the record of docs/guest-protocol.md. */
#ifndef VMETTE_ENTRIES_H
#define VMETTE_ENTRIES_H

#include <sys/stat.h>

/* Puts a file's record on the output. link: where a symbolic link leads, else empty. 0 or errno. */
int entry_put(const struct stat *, const char *name, const char *link);

#endif
