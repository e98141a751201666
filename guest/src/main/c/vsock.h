/* The AF_VSOCK listener. */
#ifndef VMETTE_VSOCK_H
#define VMETTE_VSOCK_H

/*
 * A non-blocking socket that listens on AGENT_PORT, -1 with errno if that cannot be (EAFNOSUPPORT: this
 * kernel has no vsock, or not yet).
 */
int vsock_listen(void);

#endif
