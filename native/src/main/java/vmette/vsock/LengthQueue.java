package vmette.vsock;

/** Lengths in the order they came, seven bits a byte, the highest bit set where more follow; a bounded ring that grows. */
final class LengthQueue {
    private static final int LEAST = 64;

    private final int bound;
    private byte[] ring = new byte[0];
    private int head;
    private int count;

    /** @param bound bytes it may take */
    LengthQueue(int bound) {
        this.bound = bound;
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** Bytes of memory held. */
    int charge() {
        return ring.length;
    }

    /** Adds one, at least 0; false, and nothing added, if there is no room. */
    boolean add(int length) {
        int bytes = Math.max(1, (38 - Integer.numberOfLeadingZeros(length)) / 7);
        if (count + bytes > bound) {
            return false;
        }
        if (count + bytes > ring.length) {
            grow(count + bytes);
        }
        int rest = length;
        for (int i = 1; i <= bytes; i++) {
            ring[(head + count++) % ring.length] = (byte) ((rest & 0x7f) | (i < bytes ? 0x80 : 0));
            rest >>>= 7;
        }
        return true;
    }

    private void grow(int least) {
        byte[] larger = new byte[Math.min(bound, Math.max(LEAST, Math.max(least, 2 * ring.length)))];
        int first = Math.min(count, ring.length - head);
        System.arraycopy(ring, head, larger, 0, first);
        System.arraycopy(ring, 0, larger, first, count - first);
        ring = larger;
        head = 0;
    }

    /** Takes the oldest; the queue is not empty. */
    int remove() {
        int length = 0;
        int shift = 0;
        byte next;
        do {
            next = ring[head];
            head = (head + 1) % ring.length;
            count--;
            length |= (next & 0x7f) << shift;
            shift += 7;
        } while (next < 0);
        if (count == 0 && ring.length > LEAST) {
            ring = new byte[0];
            head = 0;
        }
        return length;
    }

    void clear() {
        ring = new byte[0];
        head = 0;
        count = 0;
    }
}
