package vmette.vsock;

/**
 * One vsock connection, seen from the host. What is said of bytes holds for a stream; of {@link VsockType#SEQPACKET} each
 * {@code onData} is one whole message, possibly empty, and each {@link #write} sends one. Thread-safe; calls from other threads reach the loop in the order
 * they were made.
 */
public interface VsockChannel {
    /** The host's address. */
    VsockAddress local();

    /** The guest's address. */
    VsockAddress remote();

    /**
     * Demand: asks for one more {@link VsockChannelHandler#onData} of 1 to {@code maxBytes} bytes. At most one request may be
     * outstanding; one more replaces its maxBytes. Nothing is delivered, and no credit returned to the guest, without demand.
     *
     * @param maxBytes at least 1; without effect on messages, which come whole
     */
    void request(int maxBytes);

    /**
     * As {@link #request}, but where several chunks wait they may come in one call of {@link VsockChunksHandler#onChunks}, together at
     * most {@code maxBytes} bytes. For other handlers it is the same as {@link #request}.
     *
     * @param maxBytes at least 1
     */
    default void requestChunks(int maxBytes) {
        request(maxBytes);
    }

    /**
     * Sends bytes to the guest; they are queued until the guest's credit and its RX buffers take them.
     *
     * @param data ownership passes to the channel: the array must not be changed any more
     * @param offset first byte
     * @param length count, 0 is allowed and does nothing; a message that is larger than the guest's buffer resets the connection
     * @return true if the channel takes more at once; false if its queue is above the high-water mark: then {@link
     *     VsockChannelHandler#onWritable} is called once when it has fallen below the low-water mark. Writing on regardless is an error of
     *     the caller that only costs memory.
     */
    boolean write(byte[] data, int offset, int length);

    /** Half-closes: the guest sees end of file after all queued bytes. Idempotent. */
    void shutdownOutput();

    /** Refuses further bytes: what is buffered is dropped, the guest's writes fail with EPIPE. Idempotent. */
    void shutdownInput();

    /** Resets at once: queued bytes are dropped, the guest sees ECONNRESET. {@code onReset} is not called for it. Idempotent. */
    void reset();
}
