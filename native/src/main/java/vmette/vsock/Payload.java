package vmette.vsock;

/** A packet's payload where the guest put it. The guest may go on changing it: each byte is read once. */
@FunctionalInterface
interface Payload {
    /** Copies {@code length} bytes from {@code offset} of the payload; the caller keeps within it. */
    void copyTo(int offset, byte[] target, int targetOffset, int length);
}
