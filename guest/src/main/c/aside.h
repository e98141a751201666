/*
 * A file that is written aside and put in its place whole, so that nobody ever sees half of it. It has no name
 * meanwhile where the file system can do that (O_TMPFILE): whatever ends the writer leaves nothing behind. Else
 * its name begins with ".vmette-".
 */
#ifndef VMETTE_ASIDE_H
#define VMETTE_ASIDE_H

#include <stdbool.h>

struct aside {
    int fd;        /* to be written to */
    int directory; /* the caller's, until it is done with */
    char name[32]; /* what it is called meanwhile; empty: nothing */
};

/* Makes it in the directory in which it will be. 0 or errno. */
int aside_open(struct aside *, int directory);

/* Gives it its name in the same directory. replace: whatever is there that is no directory; else EEXIST. 0 or errno; done with either way. */
int aside_commit(struct aside *, const char *name, bool replace);

void aside_abandon(struct aside *);

#endif
