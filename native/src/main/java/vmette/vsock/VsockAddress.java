package vmette.vsock;

/**
 * A vsock address.
 *
 * @param cid context id, unsigned 64 bit on the wire; 2 is the host
 * @param port unsigned 32 bit
 */
public record VsockAddress(long cid, int port) {
    /** The port as a number from 0 to 2^32-1. */
    public long unsignedPort() {
        return Integer.toUnsignedLong(port);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(cid) + ":" + Integer.toUnsignedString(port);
    }
}
