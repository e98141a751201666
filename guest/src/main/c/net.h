/* The guest's one network card, with the addresses that the host says. */
#ifndef VMETTE_NET_H
#define VMETTE_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "frames.h"

/* Brings it up. False: errno and why. */
bool net_up(const struct net *, char *why, size_t size);

/* What resolv.conf(5) is to hold; empty without a network. */
const char *net_resolver(void);

#endif
