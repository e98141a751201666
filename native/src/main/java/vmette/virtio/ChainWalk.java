package vmette.virtio;

import java.util.Arrays;
import vmette.memory.GuestMemory;
import vmette.memory.MemoryArea;

/**
 * Reads one descriptor chain, each descriptor once, at most as many as the ring has. The arrays are scratch space that
 * is reused; a chain gets copies.
 */
final class ChainWalk {
    private final GuestMemory memory;
    private final MemoryArea table;
    private final int size;
    private final boolean indirectAllowed;
    private final long[] addresses;
    private final int[] lengths;

    private int count;
    private int readableCount;
    private long readableBytes;
    private long writableBytes;

    ChainWalk(GuestMemory memory, MemoryArea table, int size, boolean indirectAllowed) {
        this.memory = memory;
        this.table = table;
        this.size = size;
        this.indirectAllowed = indirectAllowed;
        this.addresses = new long[size];
        this.lengths = new int[size];
    }

    DescriptorChain chainAt(SplitVirtqueue queue, int head) {
        count = 0;
        readableCount = 0;
        readableBytes = 0;
        writableBytes = 0;
        walkRing(head);
        return new DescriptorChain(
                queue,
                memory,
                head,
                Arrays.copyOf(addresses, count),
                Arrays.copyOf(lengths, count),
                readableCount,
                (int) readableBytes,
                (int) writableBytes);
    }

    private void walkRing(int head) {
        int index = head;
        while (true) {
            int at = index * Virtio.DESC_SIZE;
            long address = table.getLong(at);
            long rest = table.getLong(at + 8);
            int flags = flags(rest);
            if ((flags & Virtio.DESC_F_INDIRECT) != 0) {
                if ((flags & Virtio.DESC_F_NEXT) != 0) {
                    throw new VirtqueueException("descriptor " + index + " is indirect and goes on");
                }
                walkIndirect(address, Integer.toUnsignedLong((int) rest));
                return;
            }
            add(address, rest, flags);
            if ((flags & Virtio.DESC_F_NEXT) == 0) {
                return;
            }
            index = next(rest, size);
        }
    }

    private void walkIndirect(long tableAddress, long tableBytes) {
        if (!indirectAllowed) {
            throw new VirtqueueException("indirect descriptor, but the feature was not negotiated");
        }
        if (tableBytes == 0 || tableBytes % Virtio.DESC_SIZE != 0 || tableBytes / Virtio.DESC_SIZE > 65536) {
            throw new VirtqueueException("indirect table has " + tableBytes + " bytes");
        }
        int entries = (int) (tableBytes / Virtio.DESC_SIZE);
        int index = 0;
        while (true) {
            long at = tableAddress + (long) index * Virtio.DESC_SIZE;
            long address = memory.getLong(at);
            long rest = memory.getLong(at + 8);
            int flags = flags(rest);
            if ((flags & Virtio.DESC_F_INDIRECT) != 0) {
                throw new VirtqueueException("indirect descriptor inside an indirect table");
            }
            add(address, rest, flags);
            if ((flags & Virtio.DESC_F_NEXT) == 0) {
                return;
            }
            index = next(rest, entries);
        }
    }

    private void add(long address, long rest, int flags) {
        // the bound on a loop, too: a chain never has more descriptors than the ring [2.7.5.2]
        if (count == size) {
            throw new VirtqueueException("chain has more than " + size + " descriptors, or loops");
        }
        long length = Integer.toUnsignedLong((int) rest);
        if ((flags & Virtio.DESC_F_WRITE) != 0) {
            writableBytes += length;
        } else if (count > readableCount) {
            throw new VirtqueueException("readable descriptor after a writable one");
        } else {
            readableBytes += length;
            readableCount++;
        }
        if (readableBytes + writableBytes > Integer.MAX_VALUE) {
            throw new VirtqueueException("chain describes more than 2^31-1 bytes");
        }
        memory.checkRange(address, length);
        addresses[count] = address;
        lengths[count] = (int) length;
        count++;
    }

    private static int flags(long rest) {
        return (int) (rest >>> 32) & 0xffff;
    }

    private static int next(long rest, int entries) {
        int next = (int) (rest >>> 48);
        if (next >= entries) {
            throw new VirtqueueException("chain goes on at descriptor " + next + " of " + entries);
        }
        return next;
    }
}
