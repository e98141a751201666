package vmette.vsock;

import java.util.ArrayDeque;

/** Bytes of one connection that wait for the guest's credit and RX buffers, in the arrays the caller gave. */
final class SendQueue {
    /** What a segment costs besides its payload: the segment, its array's header, its slot, the task that brings it. */
    static final int OVERHEAD = 128;

    private static final class Segment {
        private final byte[] data;
        private final int offset;
        private final int length;

        private Segment(byte[] data, int offset, int length) {
            this.data = data;
            this.offset = offset;
            this.length = length;
        }
    }

    private final ArrayDeque<Segment> segments = new ArrayDeque<>();
    private int headSent;
    private long size;

    long size() {
        return size;
    }

    /** Bytes left of the oldest segment; 0 if there is none. */
    int head() {
        return segments.isEmpty() ? 0 : segments.getFirst().length - headSent;
    }

    void add(byte[] data, int offset, int length) {
        segments.addLast(new Segment(data, offset, length));
        size += length;
    }

    /** What bytes written in one go cost. */
    static long cost(int length) {
        return length == 0 ? 0 : (long) length + OVERHEAD;
    }

    /**
     * Moves {@code length} bytes, at most {@link #size}, into an RX buffer; small segments share a packet.
     *
     * @return the cost of what went
     */
    long drainTo(RxBuffer buffer, int at, int length) {
        int done = 0;
        long cost = length;
        while (done < length) {
            Segment head = segments.getFirst();
            int count = Math.min(length - done, head.length - headSent);
            buffer.write(at + done, head.data, head.offset + headSent, count);
            done += count;
            headSent += count;
            if (headSent == head.length) {
                segments.removeFirst();
                headSent = 0;
                cost += OVERHEAD;
            }
        }
        size -= length;
        return cost;
    }

    /** Drops everything and says what it cost. */
    long clear() {
        long dropped = size + (long) OVERHEAD * segments.size();
        segments.clear();
        headSent = 0;
        size = 0;
        return dropped;
    }
}
