package vmette.vsock;

import java.util.ArrayDeque;

/** Bytes of one connection that wait for the guest's credit and RX buffers, in the arrays the caller gave. */
final class SendQueue {
    private record Segment(byte[] data, int offset, int length) {}

    private final ArrayDeque<Segment> segments = new ArrayDeque<>();
    private int headSent;
    private long size;

    long size() {
        return size;
    }

    void add(byte[] data, int offset, int length) {
        segments.addLast(new Segment(data, offset, length));
        size += length;
    }

    /** Moves {@code length} bytes, at most {@link #size}, into an RX buffer; small segments share a packet. */
    void drainTo(RxBuffer buffer, int at, int length) {
        int done = 0;
        while (done < length) {
            Segment head = segments.getFirst();
            int count = Math.min(length - done, head.length - headSent);
            buffer.write(at + done, head.data, head.offset + headSent, count);
            done += count;
            headSent += count;
            if (headSent == head.length) {
                segments.removeFirst();
                headSent = 0;
            }
        }
        size -= length;
    }

    /** Drops everything and says how much it was. */
    long clear() {
        long dropped = size;
        segments.clear();
        headSent = 0;
        size = 0;
        return dropped;
    }
}
