/*
 * New connections until it is known what they are for: at most 512 at once, 5 s each.
 *
 * No byte beyond the opening is read: what follows belongs to the stream.
 */
#ifndef VMETTE_OPENINGS_H
#define VMETTE_OPENINGS_H

#include <stdbool.h>

/* Serves a listening, non-blocking socket from now on. */
bool openings_serve(int listener);

/* Whether the peer of an accepted connection is the host (vsock.c; tests have their own). */
bool peer_is_host(int fd);

#endif
