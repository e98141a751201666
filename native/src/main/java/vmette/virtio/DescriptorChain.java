package vmette.virtio;

import java.util.Objects;
import vmette.memory.GuestMemory;

/**
 * One request of the driver: buffers the device reads, then buffers it writes. All descriptors were read and checked
 * when it was popped; what the driver changes in the tables afterwards has no effect. Valid until it is returned by
 * {@link SplitVirtqueue#push} or the ring stops. Used on the loop's thread.
 */
public final class DescriptorChain {
    private final SplitVirtqueue queue;
    private final GuestMemory memory;
    private final int head;
    private final long[] addresses;
    private final int[] lengths;
    private final int readableCount;
    private final int readableBytes;
    private final int writableBytes;
    private boolean returned;

    DescriptorChain(
            SplitVirtqueue queue,
            GuestMemory memory,
            int head,
            long[] addresses,
            int[] lengths,
            int readableCount,
            int readableBytes,
            int writableBytes) {
        this.queue = queue;
        this.memory = memory;
        this.head = head;
        this.addresses = addresses;
        this.lengths = lengths;
        this.readableCount = readableCount;
        this.readableBytes = readableBytes;
        this.writableBytes = writableBytes;
    }

    /** Index of its first descriptor, by which the driver knows it. */
    public int head() {
        return head;
    }

    /** How many bytes the device may read. */
    public int readableBytes() {
        return readableBytes;
    }

    /** How many bytes the device may write. */
    public int writableBytes() {
        return writableBytes;
    }

    /**
     * Copies from the part the device reads. The driver may change the bytes at any time: read what is checked once.
     *
     * @param offset first byte, counted over all readable buffers; 0 to {@link #readableBytes}
     * @param length at least 0
     * @return how many bytes were copied: {@code length}, or fewer at the end
     */
    public int read(int offset, byte[] target, int targetOffset, int length) {
        Objects.checkFromIndexSize(targetOffset, length, target.length);
        Objects.checkIndex(offset, readableBytes + 1L);
        requireHeld();
        int wanted = Math.min(length, readableBytes - offset);
        int skip = offset;
        int done = 0;
        for (int i = 0; done < wanted; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int here = Math.min(wanted - done, lengths[i] - skip);
            memory.read(addresses[i] + skip, target, targetOffset + done, here);
            done += here;
            skip = 0;
        }
        return wanted;
    }

    /**
     * Copies into the part the device writes.
     *
     * @param offset first byte, counted over all writable buffers; 0 to {@link #writableBytes}
     * @param length at least 0
     * @return how many bytes were copied: {@code length}, or fewer at the end
     */
    public int write(int offset, byte[] source, int sourceOffset, int length) {
        Objects.checkFromIndexSize(sourceOffset, length, source.length);
        Objects.checkIndex(offset, writableBytes + 1L);
        requireHeld();
        int wanted = Math.min(length, writableBytes - offset);
        int skip = offset;
        int done = 0;
        for (int i = readableCount; done < wanted; i++) {
            if (skip >= lengths[i]) {
                skip -= lengths[i];
                continue;
            }
            int here = Math.min(wanted - done, lengths[i] - skip);
            memory.write(addresses[i] + skip, source, sourceOffset + done, here);
            done += here;
            skip = 0;
        }
        return wanted;
    }

    private void requireHeld() {
        if (returned) {
            throw new IllegalStateException("chain " + head + " was returned already");
        }
    }

    void markReturned(SplitVirtqueue to) {
        if (queue != to) {
            throw new IllegalStateException("chain " + head + " belongs to another ring");
        }
        requireHeld();
        returned = true;
    }
}
