package vmette.vsock;

/**
 * What names a connection within one device: there are only two CIDs, so the ports do.
 *
 * @param guestPort unsigned
 * @param hostPort unsigned
 */
record ConnectionKey(int guestPort, int hostPort) {}
