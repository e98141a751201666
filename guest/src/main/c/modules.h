/* The kernel modules of /vmette/modules.list. */
#ifndef VMETTE_MODULES_H
#define VMETTE_MODULES_H

/*
 * Loads them in the list's order and calls after_each after each, which is when something may have become
 * possible. A module that cannot be loaded is told on the console; an absent list is no error.
 */
void modules_load(void (*after_each)(void));

#endif
