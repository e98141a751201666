package vmette.memory;

import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Objects;
import vmette.linux.OwnedFd;
import vmette.linux.ProcessMemory;

/**
 * Guest memory that only the front-end has mapped, because what the guest writes must stay that process's own: a private
 * mapping of a file that many VMs begin from. Regions lie where the front-end has them, at their user addresses.
 *
 * <p>Every access is a system call, whose copy neither orders nor is ordered: the fences stand here. Two bytes may
 * arrive torn, so a number that the guest changes while it is read counts once two readings agree. Both readings torn
 * alike would take an index that goes backwards; indexes only grow. What is written while the guest looks is 4 aligned
 * bytes, which do not tear, or {@code avail_event}: a guest that reads half of that has put its own index in place
 * before, where the device looks after writing it.
 */
public final class RemoteGuestMemory extends GuestMemory {
    /** A driver that waits for the device can change its index once for each descriptor, and its rings are small. */
    private static final int MOST_READINGS = 1024;

    private final MemoryTransfer transfer;
    private final long[] addresses;
    private boolean closed;

    RemoteGuestMemory(RegionTable table, MemoryTransfer transfer) {
        super(table);
        this.transfer = transfer;
        this.addresses =
                table.regions().stream().mapToLong(GuestRegion::userAddress).toArray();
    }

    /**
     * The memory in another process.
     *
     * @param process is closed with the source, not with the memory
     */
    public static GuestMemorySource in(ProcessMemory process) {
        return new GuestMemorySource() {
            @Override
            public GuestMemory open(List<GuestRegion> regions, List<OwnedFd> files) {
                return new RemoteGuestMemory(new RegionTable(regions), new ProcessTransfer(process));
            }

            @Override
            public void close() {
                process.close();
            }
        };
    }

    private short acquire(long address) {
        short before = (short) transfer.read(address, Short.BYTES);
        for (int i = 1; i < MOST_READINGS; i++) {
            VarHandle.acquireFence();
            short now = (short) transfer.read(address, Short.BYTES);
            if (now == before) {
                VarHandle.acquireFence();
                return now;
            }
            before = now;
        }
        throw new GuestMemoryException("the number at user address " + GuestRegion.hex(address)
                + " was another at each of " + MOST_READINGS + " readings");
    }

    private void release(long address, long value, int size) {
        VarHandle.releaseFence();
        transfer.write(address, value, size);
    }

    @Override
    protected short getShort(int region, long offset) {
        return (short) transfer.read(addresses[region] + offset, Short.BYTES);
    }

    @Override
    protected int getInt(int region, long offset) {
        return (int) transfer.read(addresses[region] + offset, Integer.BYTES);
    }

    @Override
    protected long getLong(int region, long offset) {
        return transfer.read(addresses[region] + offset, Long.BYTES);
    }

    @Override
    protected short getShortAcquire(int region, long offset) {
        return acquire(addresses[region] + offset);
    }

    @Override
    protected void putShortRelease(int region, long offset, short value) {
        release(addresses[region] + offset, value, Short.BYTES);
    }

    @Override
    protected void putIntRelease(int region, long offset, int value) {
        release(addresses[region] + offset, value, Integer.BYTES);
    }

    @Override
    protected MemoryArea area(int region, long offset, int length) {
        return new Area(addresses[region] + offset, length);
    }

    @Override
    protected void read(int region, long offset, byte[] target, int targetOffset, int length) {
        transfer.read(addresses[region] + offset, target, targetOffset, length);
    }

    @Override
    protected void write(int region, long offset, byte[] source, int sourceOffset, int length) {
        transfer.write(addresses[region] + offset, source, sourceOffset, length);
    }

    @Override
    protected void closeSource() {
        closed = true;
    }

    /** Has no bytes any more once the memory is closed. */
    private final class Area extends MemoryArea {
        private final long start;
        private final int length;

        Area(long start, int length) {
            this.start = start;
            this.length = length;
        }

        private long at(int index, int size) {
            return start + Objects.checkFromIndexSize(index, size, closed ? 0 : length);
        }

        private long aligned(int index, int size) {
            long address = at(index, size);
            if ((address & (size - 1)) != 0) {
                throw new IllegalStateException(GuestRegion.hex(address) + " is not aligned to " + size);
            }
            return address;
        }

        @Override
        public short getShort(int index) {
            return (short) transfer.read(at(index, Short.BYTES), Short.BYTES);
        }

        @Override
        public int getInt(int index) {
            return (int) transfer.read(at(index, Integer.BYTES), Integer.BYTES);
        }

        @Override
        public long getLong(int index) {
            return transfer.read(at(index, Long.BYTES), Long.BYTES);
        }

        @Override
        public void putShort(int index, short value) {
            transfer.write(at(index, Short.BYTES), value, Short.BYTES);
        }

        @Override
        public void putInt(int index, int value) {
            transfer.write(at(index, Integer.BYTES), value, Integer.BYTES);
        }

        @Override
        public short getShortAcquire(int index) {
            return acquire(aligned(index, Short.BYTES));
        }

        @Override
        public void putShortRelease(int index, short value) {
            release(aligned(index, Short.BYTES), value, Short.BYTES);
        }

        @Override
        public void putIntRelease(int index, int value) {
            release(aligned(index, Integer.BYTES), value, Integer.BYTES);
        }
    }
}
