package vmette.vsock;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Bytes of one connection that wait for demand, in the arrays they were copied into from guest memory.
 *
 * <p>Every chunk but the last is full and holds at least {@link #SMALL} bytes: a small packet opens a chunk with room
 * to spare, and what comes next fills it first. A chunk's bytes count as released only when all of them are handed over,
 * because its array is held until then. So with at most {@link #creditFor} unreleased bytes {@link #charge} never exceeds
 * the bound, however the guest cuts its packets.
 */
final class ReceiveBuffer {
    /** The least a bound can be. */
    static final int MIN_BOUND = 16 * 1024;

    /** The size of a chunk that collects small packets. */
    static final int SMALL = 4096;

    /** What a chunk costs besides its payload: the array's header, the chunk itself, its slot in the queue. */
    static final int OVERHEAD = 64;

    private static final int LARGE = 64 * 1024;

    private static final class Chunk {
        private final byte[] bytes;
        private int filled;
        private int taken;

        private Chunk(int capacity) {
            this.bytes = new byte[capacity];
        }
    }

    private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();
    private final int largest;
    private int charge;
    private int size;
    private int released;

    /** @param bound bytes of memory, at least {@link #MIN_BOUND} */
    ReceiveBuffer(int bound) {
        // a quarter at most, so that handing over one chunk is progress the guest gets to see
        this.largest = Math.max(SMALL, Math.min(LARGE, creditFor(bound) / 4));
    }

    /** The credit that may be given out so that the memory in use stays within a bound. */
    static int creditFor(int bound) {
        long usable = bound - SMALL - 2L * OVERHEAD;
        return (int) (usable * SMALL / (SMALL + OVERHEAD));
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Bytes waiting. */
    int size() {
        return size;
    }

    /** Bytes of memory held. */
    int charge() {
        return charge;
    }

    /** Copies bytes of a payload; the caller has checked the credit. */
    void append(Payload payload, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            Chunk last = chunks.peekLast();
            if (last == null || last.filled == last.bytes.length) {
                last = new Chunk(Math.max(SMALL, Math.min(largest, end - at)));
                charge += last.bytes.length + OVERHEAD;
                chunks.addLast(last);
            }
            int count = Math.min(end - at, last.bytes.length - last.filled);
            payload.copyTo(at, last.bytes, last.filled, count);
            last.filled += count;
            at += count;
        }
        size += length;
    }

    /** Whether there is a first chunk, and {@link #take} would take all of it. */
    boolean startsWithin(int max) {
        Chunk first = chunks.peekFirst();
        return first != null && first.filled - first.taken <= max;
    }

    /** Takes 1 to {@code max} bytes; the buffer is not empty. The array is the taker's own. */
    byte[] take(int max) {
        Chunk first = chunks.getFirst();
        int count = Math.min(max, first.filled - first.taken);
        byte[] out = count == first.bytes.length
                ? first.bytes
                : Arrays.copyOfRange(first.bytes, first.taken, first.taken + count);
        first.taken += count;
        size -= count;
        if (first.taken == first.filled) {
            chunks.removeFirst();
            charge -= first.bytes.length + OVERHEAD;
            released += first.filled;
        }
        return out;
    }

    /** Bytes released since the last call. */
    int pollReleased() {
        int out = released;
        released = 0;
        return out;
    }

    void clear() {
        chunks.clear();
        charge = 0;
        size = 0;
    }
}
