/*
 * What the guest is known by: 128 bits that differ from boot to boot and from clone to clone, in /run/vmette/instance-id of the
 * commands' root and in each command's environment.
 *
 * The directory is opened before the first command and held: nothing that a command puts in its way is followed or opened.
 */
#ifndef VMETTE_INSTANCE_H
#define VMETTE_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

/* Before instance_place(): what this boot is. */
void instance_begin(const uint8_t id[INSTANCE_SIZE]);

/* To be called once, with /run of the commands' root, or -1 if there is none; the descriptor stays the caller's. False: errno. */
bool instance_place(int run);

/* From now on it is this one. False: errno, and the file says what it said. A directory that was removed is no failure. */
bool instance_renew(const uint8_t id[INSTANCE_SIZE]);

/* KEY=VALUE for a command's environment; NULL: there is none. */
char *instance_entry(void);

#endif
