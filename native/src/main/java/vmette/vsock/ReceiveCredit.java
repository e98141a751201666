package vmette.vsock;

/**
 * How much the guest may send us. The guest's view of the free space lags behind ours by what has not been told yet.
 * All counters are modulo 2^32.
 */
final class ReceiveCredit {
    private final int bufAlloc;
    private int window;
    private int received;
    private int forwarded;
    private int told;

    /**
     * @param bufAlloc what is advertised, for good; at least 1
     * @param start where both ends' counters begin; 0 but for tests of the wrap
     */
    ReceiveCredit(int bufAlloc, int start) {
        this.bufAlloc = bufAlloc;
        this.window = bufAlloc;
        this.received = start;
        this.forwarded = start;
        this.told = start;
    }

    int bufAlloc() {
        return bufAlloc;
    }

    int forwarded() {
        return forwarded;
    }

    /**
     * What the guest may have on its way at most: Linux sends no more than its own buffer holds, whatever ours does.
     *
     * @param guestBufAlloc the guest's buf_alloc, unsigned
     */
    void limit(int guestBufAlloc) {
        window = Integer.compareUnsigned(guestBufAlloc, bufAlloc) < 0 ? guestBufAlloc : bufAlloc;
    }

    /** Bytes received and not forwarded: at most {@link #bufAlloc}. */
    int outstanding() {
        return received - forwarded;
    }

    /** Counts bytes received; false, and nothing counted, if the guest had no credit for them. */
    boolean receive(int bytes) {
        if (bytes < 0 || bytes > bufAlloc - outstanding()) {
            return false;
        }
        received += bytes;
        return true;
    }

    void forward(int bytes) {
        forwarded += bytes;
    }

    /** A packet with {@link #forwarded} in its header goes out. */
    void told() {
        told = forwarded;
    }

    /** Whether the guest does not know of all there is. */
    boolean untold() {
        return forwarded != told;
    }

    /**
     * Whether the guest should be told: it sees no more than a quarter of its window free while there is more: Linux's is
     * 256 KiB, so that it hears before its last 64 KiB. A guest that sees none at all is covered by the same rule, so that it is never
     * left waiting.
     */
    boolean updateDue() {
        return untold() && window - (received - told) <= window / 4;
    }
}
