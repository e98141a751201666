/* What RESTORE does to the guest's kernel. Tests put another file in the place of machine.c. */
#ifndef VMETTE_MACHINE_H
#define VMETTE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

/* Takes hold of the random generator, while / holds what the agent put there. Without it machine_feed() fails. */
void machine_hold(void);

/* CLOCK_REALTIME. */
uint64_t machine_wall_ns(void);

/* False: errno. */
bool machine_set_wall(uint64_t ns);

/* Credits these bytes to the pool and seeds the generator anew. False: errno. */
bool machine_feed(const uint8_t entropy[ENTROPY_SIZE]);

#endif
