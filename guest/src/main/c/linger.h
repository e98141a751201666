/*
 * Data connections whose outputs have ended: half-closed, and kept until the host has closed its side.
 *
 * Closing at once would have the kernel reset the connection after 8 s (VSOCK_CLOSE_TIMEOUT), though a slow
 * host may still be reading what it was sent. Bounded: the oldest is closed when there is no place.
 */
#ifndef VMETTE_LINGER_H
#define VMETTE_LINGER_H

/* Takes a connected socket and shuts its sending side down. */
void linger(int fd);

#endif
