/*
 * RESTORE: what a guest that was saved has to be given before anything else is let in, for it goes on with the clock, the random
 * state and the name that it had, and so does every clone of it.
 */
#ifndef VMETTE_RESTORE_H
#define VMETTE_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "frames.h"

#define RESTORE_WHY_MAX 300

enum restore_step { STEP_CLOCK, STEP_ENTROPY, STEP_INSTANCE, STEP_HOSTNAME, STEP_ENVIRONMENT, RESTORE_STEPS };

struct restored {
    int64_t stepped;              /* by how much the clock was set forward */
    uint64_t took[RESTORE_STEPS]; /* nanoseconds */
};

/* By how much a clock that says `now` is to be moved; 0: it is left alone. Both below 2^63. */
int64_t restore_step_of(uint64_t now, uint64_t wall);

/* Obeys the frame, and overwrites its entropy in any case. False: errno and why, and the steps before that one are done. */
bool restore(const struct restore *, struct restored *, char why[RESTORE_WHY_MAX]);

#endif
