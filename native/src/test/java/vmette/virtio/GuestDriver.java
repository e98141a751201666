package vmette.virtio;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import vmette.memory.GuestMemory;
import vmette.memory.MemoryArea;

/**
 * Plays the driver of one split ring: lays it out, makes buffers available, takes used ones back; or misbehaves through
 * the raw accessors. Every descriptor has a buffer of its own of {@link #SLOT} bytes behind the rings.
 */
public final class GuestDriver {
    /** Largest buffer. */
    public static final int SLOT = 65536 + 4096;

    private final GuestMemory memory;
    private final int size;
    private final boolean eventIdx;
    private final long descAddress;
    private final long availAddress;
    private final long usedAddress;
    private final long indirectAddress;
    private final long bufferAddress;
    private final MemoryArea desc;
    private final MemoryArea avail;
    private final MemoryArea used;
    private final Deque<Integer> free = new ArrayDeque<>();
    private final List<List<Integer>> chains = new ArrayList<>();
    private final int[][] writable;
    private int availIndex;
    private int publishedAvail;
    private int usedIndex;
    private int kicksWanted;

    /** What the device returned: the chain's head, how many bytes it claims to have written, and those bytes. */
    public static final class Used {
        private final int head;
        private final byte[] data;

        private Used(int head, byte[] data) {
            this.head = head;
            this.data = data;
        }

        /** The chain's first descriptor. */
        public int head() {
            return head;
        }

        /** Bytes the device claims to have written. */
        public int written() {
            return data.length;
        }

        /** Those bytes. */
        public byte[] data() {
            return data;
        }
    }

    /**
     * Lays the ring out, all indexes 0.
     *
     * @param memory the driver's view of the guest's memory
     * @param address where the ring begins, aligned to 4096; {@link #bytes} of memory are used
     * @param size descriptors, a power of two
     * @param eventIdx VIRTIO_F_EVENT_IDX is in force
     */
    public GuestDriver(GuestMemory memory, long address, int size, boolean eventIdx) {
        this.memory = memory;
        this.size = size;
        this.eventIdx = eventIdx;
        descAddress = address;
        availAddress = descAddress + SplitVirtqueue.descriptorBytes(size);
        usedAddress = (availAddress + SplitVirtqueue.availBytes(size) + 3) & ~3L;
        indirectAddress = (usedAddress + SplitVirtqueue.usedBytes(size) + 15) & ~15L;
        bufferAddress = indirectAddress + (long) size * SplitVirtqueue.descriptorBytes(size);
        desc = memory.area(descAddress, SplitVirtqueue.descriptorBytes(size));
        avail = memory.area(availAddress, SplitVirtqueue.availBytes(size));
        used = memory.area(usedAddress, SplitVirtqueue.usedBytes(size));
        writable = new int[size][];
        for (int i = 0; i < size; i++) {
            free.add(i);
            chains.add(List.of());
        }
        startAt(0);
    }

    /** Bytes of guest memory a ring of a size needs, rounded up to 4096. */
    public static long bytes(int size) {
        long rings = 64L + 16L * size + 2L * size + 8L * size + 16L * size * size;
        return (rings + (long) size * SLOT + 4095) & ~4095L;
    }

    /** A device's virtqueue over this ring, for tests without a front-end. */
    public SplitVirtqueue queue(GuestMemory deviceView, boolean indirect) {
        return new SplitVirtqueue(deviceView, size, descAddress, availAddress, usedAddress, eventIdx, indirect);
    }

    /** Moves both rings' indexes, as after many rounds; nothing may be in flight. */
    public void startAt(int index) {
        availIndex = index & 0xffff;
        publishedAvail = availIndex;
        usedIndex = availIndex;
        avail.putIntRelease(0, availIndex << 16);
        used.putIntRelease(0, usedIndex << 16);
    }

    /** Descriptors. */
    public int size() {
        return size;
    }

    /** Guest address of the descriptor table. */
    public long descAddress() {
        return descAddress;
    }

    /** Guest address of the available ring. */
    public long availAddress() {
        return availAddress;
    }

    /** Guest address of the used ring. */
    public long usedAddress() {
        return usedAddress;
    }

    /** Where descriptor {@code index} has its buffer. */
    public long bufferAddress(int index) {
        return bufferAddress + (long) index * SLOT;
    }

    /** How many descriptors are free. */
    public int freeDescriptors() {
        return free.size();
    }

    /** Adds a chain of one readable buffer; see {@link #publish}. Returns its head. */
    public int addReadable(byte[] data) {
        return add(List.of(data), List.of());
    }

    /** Adds a chain of one writable buffer. Returns its head. */
    public int addWritable(int length) {
        return add(List.of(), List.of(length));
    }

    /** Adds a chain: readable buffers with their bytes, then writable ones with their lengths. Returns its head. */
    public int add(List<byte[]> readable, List<Integer> writableLengths) {
        int count = readable.size() + writableLengths.size();
        List<Integer> indexes = take(count);
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            boolean last = i == count - 1;
            boolean writes = i >= readable.size();
            int length = fill(indexes.get(i), readable, writableLengths, i);
            int flags = (writes ? Virtio.DESC_F_WRITE : 0) | (last ? 0 : Virtio.DESC_F_NEXT);
            putDescriptor(indexes.get(i), bufferAddress(indexes.get(i)), length, flags, last ? 0 : indexes.get(i + 1));
            lengths[i] = writes ? length : -1;
        }
        return offer(indexes, lengths);
    }

    /** As {@link #add}, through an indirect table; the buffers are those of descriptors taken for the purpose. */
    public int addIndirect(List<byte[]> readable, List<Integer> writableLengths) {
        int count = readable.size() + writableLengths.size();
        List<Integer> indexes = take(count);
        int head = indexes.get(0);
        long table = indirectAddress + (long) head * SplitVirtqueue.descriptorBytes(size);
        int[] lengths = new int[count];
        for (int i = 0; i < count; i++) {
            boolean last = i == count - 1;
            boolean writes = i >= readable.size();
            int length = fill(indexes.get(i), readable, writableLengths, i);
            int flags = (writes ? Virtio.DESC_F_WRITE : 0) | (last ? 0 : Virtio.DESC_F_NEXT);
            long at = table + 16L * i;
            memory.putLong(at, bufferAddress(indexes.get(i)));
            memory.putInt(at + 8, length);
            memory.putInt(at + 12, flags | (last ? 0 : i + 1) << 16);
            lengths[i] = writes ? length : -1;
        }
        putDescriptor(head, table, 16 * count, Virtio.DESC_F_INDIRECT, 0);
        return offer(indexes, lengths);
    }

    private List<Integer> take(int count) {
        if (count < 1 || count > free.size()) {
            throw new IllegalStateException(count + " descriptors wanted, " + free.size() + " are free");
        }
        List<Integer> indexes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            indexes.add(free.remove());
        }
        return indexes;
    }

    private int fill(int index, List<byte[]> readable, List<Integer> writableLengths, int position) {
        if (position >= readable.size()) {
            int length = writableLengths.get(position - readable.size());
            if (length > SLOT) {
                throw new IllegalArgumentException("a buffer has at most " + SLOT + " bytes: " + length);
            }
            return length;
        }
        byte[] data = readable.get(position);
        if (data.length > SLOT) {
            throw new IllegalArgumentException("a buffer has at most " + SLOT + " bytes: " + data.length);
        }
        memory.write(bufferAddress(index), data, 0, data.length);
        return data.length;
    }

    private int offer(List<Integer> indexes, int[] lengths) {
        int head = indexes.get(0);
        chains.set(head, indexes);
        writable[head] = lengths;
        putAvailable(head);
        return head;
    }

    /** Writes any descriptor. */
    public void putDescriptor(int index, long address, int length, int flags, int next) {
        int at = 16 * index;
        desc.putInt(at, (int) address);
        desc.putInt(at + 4, (int) (address >>> 32));
        desc.putInt(at + 8, length);
        desc.putInt(at + 12, (flags & 0xffff) | next << 16);
    }

    /** Names any head in the next entry of the available ring; the device sees it after {@link #publish}. */
    public void putAvailable(int head) {
        avail.putShort(4 + 2 * (availIndex & (size - 1)), (short) head);
        availIndex = (availIndex + 1) & 0xffff;
    }

    /** Sets the available index to anything, at once. */
    public void forceAvailIndex(int index) {
        avail.putShortRelease(2, (short) index);
    }

    /**
     * Shows the device all that was added.
     *
     * @return whether it wants a kick for it
     */
    public boolean publish() {
        int old = publishedAvail;
        publishedAvail = availIndex;
        avail.putShortRelease(2, (short) availIndex);
        VarHandle.fullFence();
        int fresh = (availIndex - old) & 0xffff;
        boolean kick;
        if (eventIdx) {
            int event = Short.toUnsignedInt(used.getShortAcquire(4 + 8 * size));
            kick = ((availIndex - event - 1) & 0xffff) < fresh;
        } else {
            kick = fresh > 0 && (used.getShort(0) & Virtio.USED_F_NO_NOTIFY) == 0;
        }
        if (kick) {
            kicksWanted++;
        }
        return kick;
    }

    /** How often {@link #publish} said that a kick is wanted. */
    public int kicksWanted() {
        return kicksWanted;
    }

    /** Asks for a call when the used index passes this one (event index in force). */
    public void setUsedEvent(int index) {
        avail.putShortRelease(4 + 2 * size, (short) index);
    }

    /** Asks for a call for the next chain that comes back. */
    public void armCalls() {
        setUsedEvent(usedIndex);
        VarHandle.fullFence();
    }

    /** Sets or clears VIRTQ_AVAIL_F_NO_INTERRUPT (event index not in force). */
    public void suppressCalls(boolean suppress) {
        avail.putShort(0, (short) (suppress ? Virtio.AVAIL_F_NO_INTERRUPT : 0));
    }

    /** The used index as the device shows it. */
    public int deviceUsedIndex() {
        return Short.toUnsignedInt(used.getShortAcquire(2));
    }

    /** Whether {@link #poll} has something. */
    public boolean hasUsed() {
        return deviceUsedIndex() != usedIndex;
    }

    /** Takes one returned chain back; its descriptors are free again. */
    public Optional<Used> poll() {
        if (!hasUsed()) {
            return Optional.empty();
        }
        int element = 4 + 8 * (usedIndex & (size - 1));
        int head = used.getInt(element);
        int written = used.getInt(element + 4);
        usedIndex = (usedIndex + 1) & 0xffff;
        if (head < 0 || head >= size || chains.get(head).isEmpty()) {
            throw new AssertionError("the device returned " + head + ", which it did not hold");
        }
        List<Integer> indexes = chains.set(head, List.of());
        byte[] data = collect(indexes, writable[head], written);
        free.addAll(indexes);
        return Optional.of(new Used(head, data));
    }

    private byte[] collect(List<Integer> indexes, int[] lengths, int written) {
        byte[] data = new byte[written];
        int done = 0;
        for (int i = 0; i < lengths.length && done < written; i++) {
            int here = Math.min(Math.max(lengths[i], 0), written - done);
            memory.read(bufferAddress(indexes.get(i)), data, done, here);
            done += here;
        }
        if (done < written) {
            throw new AssertionError("the device claims " + written + " bytes in a chain that takes " + done);
        }
        return data;
    }
}
