/* The AF_VSOCK listener. */
#ifndef VMETTE_VSOCK_H
#define VMETTE_VSOCK_H

#include <errno.h>
#include <stdbool.h>

/*
 * A non-blocking socket that listens on AGENT_PORT, -1 with errno if that cannot be (EAFNOSUPPORT: this
 * kernel has no vsock, or not yet).
 */
int vsock_listen(void);

/*
 * Whether an accepted connection, that has broken, was reset by the guest's kernel, which does so to all of them when the device is
 * unplugged; one that the host has reset says EPIPE instead. (Tests have their own.)
 */
bool transport_lost(int fd);

/*
 * Whether a send that failed with this number says that its connection has broken. A device that is being unplugged has gone some milliseconds before the
 * guest's kernel resets its connections: meanwhile every send of bytes fails with ENODEV (ENOMEM in older kernels, as when there is none), and is to be
 * tried again until it is known what has become of the connection.
 */
static inline bool connection_broke(int number) { return number == EPIPE || number == ENOTCONN || number == ECONNRESET; }

#endif
