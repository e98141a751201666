/*
 * The root file system of the guest's commands, put together step by step between HELLO and BOOT, as told in docs/guest-protocol.md.
 *
 * Under /vmette of the initramfs: `lower` is what the host gave, mounted read-only; `points` holds what has to be there on top of it;
 * `scratch` takes what is written; `root` is all of them as one overlay, with the guest's own file systems in it. Without a lower the
 * commands stay in the initramfs.
 */
#ifndef VMETTE_ROOT_H
#define VMETTE_ROOT_H

#include <stdbool.h>

#include "frames.h"

#define ROOT_WHY_MAX 300

/* Each false: errno and why, and BOOT must not be taken. */

/* A disk with this serial, with an ext4 on it, takes what is written; else memory does. */
bool root_scratch(struct text serial, char why[ROOT_WHY_MAX]);

/* The lower: a disk's serial, or with the type virtiofs a tag. */
bool root_lower(const struct root *, char why[ROOT_WHY_MAX]);

/* A directory of the host at /mnt/TAG. */
bool root_share(uint8_t flags, struct text tag, char why[ROOT_WHY_MAX]);

/* Certificates that programs of the root are to trust; more may follow. */
bool root_trust(struct list certificates, char why[ROOT_WHY_MAX]);

/* No more comes: the root is made of what there is. */
bool root_finish(char why[ROOT_WHY_MAX]);

/* In a child: makes the commands' root its own. */
bool root_enter(void);

/* /run of the commands' root, O_PATH, the caller's; -1: there is none. After root_finish(), before the first command. */
int root_run(void);

/* The root was moved to /, and descriptors of the initramfs must not be kept. */
bool root_switched(void);

#endif
