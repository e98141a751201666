/* The AF_VSOCK listener. */
#ifndef VMETTE_VSOCK_H
#define VMETTE_VSOCK_H

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

#endif
