/* Takes leave of every process that ends: commands, and the orphans that come to PID 1. */
#ifndef VMETTE_REAP_H
#define VMETTE_REAP_H

#include <stdbool.h>

/* Puts all signals to their defaults and blocks them; children's ends arrive through the loop. */
bool reap_start(void);

#endif
