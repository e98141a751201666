/* What the agent does to the machine as a whole. Tests put another file in the place of power.c. */
#ifndef VMETTE_POWER_H
#define VMETTE_POWER_H

#include <stdbool.h>

#include "frames.h"

/* TERM to all, a short wait, KILL, then power_off(). */
_Noreturn void power_shutdown(void);

/* Syncs and powers off. */
_Noreturn void power_off(void);

/* False: errno. */
bool power_set_hostname(struct text name);

#endif
