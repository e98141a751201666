#include "restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "execution.h"
#include "instance.h"
#include "loop.h"
#include "machine.h"
#include "power.h"

#define AHEAD_MOST (100 * MILLIS) /* a frame that was long on its way must not set a right clock back */

int64_t restore_step_of(uint64_t now, uint64_t wall) {
    return now >= wall && now - wall < AHEAD_MOST ? 0 : (int64_t)wall - (int64_t)now;
}

static bool set_clock(const struct restore *frame, struct restored *restored) {
    restored->stepped = restore_step_of(machine_wall_ns(), frame->wall_ns);
    return restored->stepped == 0 || machine_set_wall(frame->wall_ns);
}

static bool take_step(enum restore_step step, const struct restore *frame, struct restored *restored) {
    switch (step) {
    case STEP_CLOCK:
        return set_clock(frame, restored);
    case STEP_ENTROPY:
        return machine_feed(frame->entropy);
    case STEP_INSTANCE:
        return instance_renew(frame->instance);
    case STEP_HOSTNAME:
        return frame->hostname.length == 0 || power_set_hostname(frame->hostname);
    default:
        errno = ENOMEM;
        return execution_base_environment(frame->env);
    }
}

bool restore(const struct restore *frame, struct restored *restored, char why[RESTORE_WHY_MAX]) {
    static const char *const doing[RESTORE_STEPS] = {"set the clock", "feed the random generator", "write /run/vmette/instance-id",
                                                     "set the hostname", "hold the environment"};
    bool fine = true;
    int number = 0;
    memset(restored, 0, sizeof *restored);
    for (int step = 0; step < RESTORE_STEPS && fine; step++) {
        uint64_t begun = now_ns();
        fine = take_step((enum restore_step)step, frame, restored);
        number = errno;
        restored->took[step] = now_ns() - begun;
        if (!fine) snprintf(why, RESTORE_WHY_MAX, "cannot %s: %s", doing[step], strerror(number));
    }
    /* A snapshot that is taken later would hold what the generator was fed with. */
    explicit_bzero((void *)frame->entropy, ENTROPY_SIZE);
    errno = number;
    return fine;
}
