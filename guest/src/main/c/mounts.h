/* The file systems that every Linux program expects. */
#ifndef VMETTE_MOUNTS_H
#define VMETTE_MOUNTS_H

/* Mounts what is not mounted yet; failures are said on the console. */
void mounts_basic(void);

#endif
