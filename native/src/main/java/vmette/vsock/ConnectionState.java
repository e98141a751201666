package vmette.vsock;

/** Where a {@link VsockConnection} stands. */
enum ConnectionState {
    /** The host has dialled: REQUEST waits for an RX buffer, or for the guest's answer. */
    CONNECTING,
    /** The guest has dialled: the acceptor owes an answer. */
    REQUESTED,
    /** Open; either direction may have ended. */
    ESTABLISHED,
    /** Both directions have ended and SHUTDOWN says so to the guest, which owes an RST. */
    CLOSING,
    /** Over for the guest; bytes that arrived in time wait for demand. */
    DRAINING,
    /** Over. */
    CLOSED
}
