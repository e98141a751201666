package vmette.vsock;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory that the connections of all VMs of a process may hold for bytes their readers have not taken yet. Shared and
 * thread-safe. Each connection reserves its {@link VsockLimits#bufAlloc} as long as it lives.
 */
public final class VsockBudget {
    private final long limit;
    private final AtomicLong reserved = new AtomicLong();
    private final AtomicLong queued = new AtomicLong();

    /**
     * @param bytes the most that may be reserved at a time, at least 1
     * @throws IllegalArgumentException if it is less
     */
    public VsockBudget(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("the vsock budget must be at least 1 byte, not " + bytes);
        }
        this.limit = bytes;
    }

    /** The most that may be reserved, in bytes. */
    public long limit() {
        return limit;
    }

    /** What is reserved now, in bytes. */
    public long reserved() {
        return reserved.get();
    }

    /** Counts bytes, or less bytes, that wait to be sent. */
    void queued(long cost) {
        queued.addAndGet(cost);
    }

    /** Whether so much waits to be sent that all writers have to hold back. */
    boolean writesPress() {
        return queued.get() > limit / 4;
    }

    /** Reserves unless less than {@code left} bytes, or less than the bytes asked for, would remain. */
    boolean tryReserve(long bytes, long left) {
        long before;
        do {
            before = reserved.get();
            if (bytes > limit - left - before) {
                return false;
            }
        } while (!reserved.compareAndSet(before, before + bytes));
        return true;
    }

    void release(long bytes) {
        if (reserved.addAndGet(-bytes) < 0) {
            throw new IllegalStateException("more was released than reserved");
        }
    }
}
