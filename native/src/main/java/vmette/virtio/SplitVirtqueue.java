package vmette.virtio;

import java.lang.invoke.VarHandle;
import vmette.memory.GuestMemory;
import vmette.memory.MemoryArea;

/**
 * The device's side of a split virtqueue, Virtual I/O Device 1.2 section 2.7. Whatever a hostile driver does ends in a
 * {@link VirtqueueException} or {@link vmette.memory.GuestMemoryException} after a bounded walk. Used on the loop's
 * thread.
 *
 * <p>Memory order: avail.idx is read with acquire; used elements are written, then used.idx with release (flags and
 * index as one aligned word), then a full fence, then the driver's wish for calls is read. Re-arming kicks writes the
 * wish, a full fence, and reads avail.idx again.
 */
public final class SplitVirtqueue {
    private static final int RING_OFFSET = 4;
    private static final int USED_ELEMENT = 8;

    private final int size;
    private final boolean eventIdx;
    private final MemoryArea descriptors;
    private final MemoryArea avail;
    private final MemoryArea used;
    private final ChainWalk walk;
    private final boolean[] heldHeads;
    private final int[] poppedAt;
    private final int[] headAt;

    private int held;
    private int lastAvail;
    private int seenAvail;
    private int usedIndex;
    private int publishedUsed;
    private int usedFlags;
    private boolean everPublished;
    private boolean stopped;

    /**
     * A ring at rest at base 0; {@link #setBase} moves it.
     *
     * @param memory all addresses are its guest-physical ones; stays the caller's
     * @param size descriptors, a power of two from 1 to {@link Virtio#MAX_QUEUE_SIZE}
     * @param descAddress descriptor table, aligned to 16
     * @param availAddress available ring, aligned to 2
     * @param usedAddress used ring, aligned to 4
     * @param eventIdx VIRTIO_F_EVENT_IDX was negotiated
     * @param indirect VIRTIO_F_INDIRECT_DESC was negotiated
     * @throws VirtqueueException if size or alignment is wrong
     * @throws vmette.memory.GuestMemoryException if a part lies outside the memory
     */
    public SplitVirtqueue(
            GuestMemory memory,
            int size,
            long descAddress,
            long availAddress,
            long usedAddress,
            boolean eventIdx,
            boolean indirect) {
        if (size < 1 || size > Virtio.MAX_QUEUE_SIZE || Integer.bitCount(size) != 1) {
            throw new VirtqueueException("queue size is not a power of two from 1 to 32768: " + size);
        }
        requireAligned("descriptor table", descAddress, Virtio.DESC_SIZE);
        requireAligned("available ring", availAddress, Virtio.AVAIL_ALIGN);
        requireAligned("used ring", usedAddress, Virtio.USED_ALIGN);
        this.size = size;
        this.eventIdx = eventIdx;
        descriptors = memory.area(descAddress, descriptorBytes(size));
        avail = memory.area(availAddress, availBytes(size));
        used = memory.area(usedAddress, usedBytes(size));
        walk = new ChainWalk(memory, descriptors, size, indirect);
        heldHeads = new boolean[size];
        poppedAt = new int[size];
        headAt = new int[size];
        setBase(0);
    }

    /** Bytes of a descriptor table [2.7]. */
    public static int descriptorBytes(int size) {
        return Virtio.DESC_SIZE * size;
    }

    /** Bytes of an available ring, with the used_event at its end [2.7]. */
    public static int availBytes(int size) {
        return 6 + 2 * size;
    }

    /** Bytes of a used ring, with the avail_event at its end [2.7]. */
    public static int usedBytes(int size) {
        return 6 + USED_ELEMENT * size;
    }

    private static void requireAligned(String what, long address, int alignment) {
        if ((address & (alignment - 1)) != 0) {
            throw new VirtqueueException(
                    what + " at 0x" + Long.toHexString(address) + " is not aligned to " + alignment);
        }
    }

    /** Number of descriptors. */
    public int size() {
        return size;
    }

    /**
     * Index of the available entry, 0 to 65535, that a successor resumes from: the next to pop, or the oldest of those
     * popped last and not returned, so that they are not lost to the driver. One not returned before others that were
     * cannot be taken up again.
     */
    public int base() {
        int base = lastAvail;
        for (int i = 0; i < held; i++) {
            int before = (base - 1) & 0xffff;
            int head = headAt[before & (size - 1)];
            if (!heldHeads[head] || poppedAt[head] != before) {
                break;
            }
            base = before;
        }
        return base;
    }

    /**
     * Resumes where a predecessor stopped. Chains popped so far are forgotten; the used index is taken from the ring.
     *
     * @param base 0 to 65535
     */
    public void setBase(int base) {
        if (base < 0 || base > 0xffff) {
            throw new VirtqueueException("ring base is not a 16-bit index: " + base);
        }
        lastAvail = base;
        seenAvail = base;
        usedFlags = 0;
        usedIndex = Short.toUnsignedInt(used.getShort(2));
        publishedUsed = usedIndex;
        everPublished = false;
        held = 0;
        java.util.Arrays.fill(heldHeads, false);
    }

    /** Ends the use of this object: every later call but {@link #base} and {@link #size} is an {@link IllegalStateException}. */
    public void stop() {
        stopped = true;
    }

    /**
     * Takes the next chain.
     *
     * @return null if none is available
     * @throws VirtqueueException if the driver broke a rule
     * @throws vmette.memory.GuestMemoryException if a buffer or table is not in the guest's memory
     */
    public DescriptorChain pop() {
        if (!hasAvailable()) {
            return null;
        }
        int head = Short.toUnsignedInt(avail.getShort(RING_OFFSET + 2 * (lastAvail & (size - 1))));
        if (head >= size) {
            throw new VirtqueueException("available ring names descriptor " + head + " of " + size);
        }
        if (heldHeads[head]) {
            throw new VirtqueueException("descriptor " + head + " was made available while the device holds it");
        }
        DescriptorChain chain = walk.chainAt(this, head);
        heldHeads[head] = true;
        poppedAt[head] = lastAvail;
        headAt[lastAvail & (size - 1)] = head;
        held++;
        lastAvail = (lastAvail + 1) & 0xffff;
        return chain;
    }

    /** Whether {@link #pop} has something; reads avail.idx only if the entries seen are used up. */
    public boolean hasAvailable() {
        return available() > 0;
    }

    /** How many chains wait, as far as the device has looked; looks again if it knows of none. */
    public int available() {
        requireRunning();
        if (seenAvail == lastAvail) {
            readAvailIndex();
        }
        return (seenAvail - lastAvail) & 0xffff;
    }

    private void readAvailIndex() {
        int index = Short.toUnsignedInt(avail.getShortAcquire(2));
        int pending = (index - lastAvail) & 0xffff;
        if (pending > size) {
            throw new VirtqueueException(
                    "available index went from " + lastAvail + " to " + index + ", past the ring's size of " + size);
        }
        seenAvail = index;
    }

    /**
     * Returns a chain; the driver sees it after {@link #publish}.
     *
     * @param chain popped from this ring, not returned yet
     * @param writtenBytes bytes written from the start of its writable part, 0 to {@link DescriptorChain#writableBytes}
     * @throws IllegalStateException if it was returned before, or the ring it came from is not this one as it runs now
     */
    public void push(DescriptorChain chain, int writtenBytes) {
        requireRunning();
        if (writtenBytes < 0 || writtenBytes > chain.writableBytes()) {
            throw new IllegalArgumentException(
                    writtenBytes + " bytes written into a chain that takes " + chain.writableBytes());
        }
        chain.markReturned(this);
        if (!heldHeads[chain.head()]) {
            throw new IllegalStateException("chain " + chain.head() + " was popped before the ring was moved");
        }
        heldHeads[chain.head()] = false;
        held--;
        int element = RING_OFFSET + USED_ELEMENT * (usedIndex & (size - 1));
        used.putInt(element, chain.head());
        used.putInt(element + 4, writtenBytes);
        usedIndex = (usedIndex + 1) & 0xffff;
    }

    /** How many chains are popped and not returned. */
    public int held() {
        return held;
    }

    /**
     * Lets the driver see what was returned since the last time.
     *
     * @return true if it wants to be called for that; false too if there was nothing new
     */
    public boolean publish() {
        requireRunning();
        int before = publishedUsed;
        int fresh = (usedIndex - before) & 0xffff;
        if (fresh == 0) {
            return false;
        }
        publishedUsed = usedIndex;
        writeUsedHeader();
        VarHandle.fullFence();
        if (!eventIdx) {
            return (avail.getShort(0) & Virtio.AVAIL_F_NO_INTERRUPT) == 0;
        }
        boolean first = !everPublished;
        everPublished = true;
        int usedEvent = Short.toUnsignedInt(avail.getShortAcquire(RING_OFFSET + 2 * size));
        // a predecessor's last call is not known, so the first one is never suppressed
        return first || ((usedIndex - usedEvent - 1) & 0xffff) < fresh;
    }

    /** Tells the driver that kicks are not needed; a hint, kicks may still come. */
    public void disableKicks() {
        requireRunning();
        // with event indexes the stale avail_event does it: the driver kicks only when it passes that
        if (!eventIdx && usedFlags == 0) {
            usedFlags = Virtio.USED_F_NO_NOTIFY;
            writeUsedHeader();
        }
    }

    /**
     * Asks the driver to kick for the next chain.
     *
     * @return true if chains became available meanwhile: go on popping, there may be no kick for them
     */
    public boolean enableKicks() {
        requireRunning();
        if (eventIdx) {
            used.putShortRelease(RING_OFFSET + USED_ELEMENT * size, (short) lastAvail);
        } else if (usedFlags != 0) {
            usedFlags = 0;
            writeUsedHeader();
        }
        VarHandle.fullFence();
        readAvailIndex();
        return seenAvail != lastAvail;
    }

    private void writeUsedHeader() {
        used.putIntRelease(0, publishedUsed << 16 | usedFlags);
    }

    private void requireRunning() {
        if (stopped) {
            throw new IllegalStateException("the ring has stopped");
        }
    }
}
