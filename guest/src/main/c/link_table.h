/* Which name a file of several was first met under; bounded, so that a tree full of links costs no more than that. */
#ifndef VMETTE_LINK_TABLE_H
#define VMETTE_LINK_TABLE_H

#include <sys/types.h>

/* The name under which the file was remembered, or NULL; then it is remembered under this one, if there is room. */
const char *link_first_name(ino_t inode, const char *name);

#endif
