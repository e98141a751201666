package vmette.memory;

import java.util.List;
import java.util.Objects;

/**
 * A guest's physical memory: an immutable table of regions over a source that a subclass knows (a shared mapping, or
 * another process's private memory). All numbers are little-endian; addresses are guest-physical and need no alignment
 * unless said so. Used by one thread, the loop's; the guest changes the bytes at any moment, so what was checked must
 * not be read again.
 *
 * <p>Every access outside the table, and every one after {@link #close}, throws {@link GuestMemoryException}.
 */
public abstract class GuestMemory implements AutoCloseable {
    private static final RegionTable NOTHING = new RegionTable(List.of());

    private RegionTable table;

    /** @param table the regions; the source belongs to the subclass */
    protected GuestMemory(RegionTable table) {
        this.table = Objects.requireNonNull(table, "table");
    }

    /** The regions by ascending guest address; none once closed. */
    public final List<GuestRegion> regions() {
        return table.regions();
    }

    /** Reads 2 bytes, plain access. */
    public final short getShort(long guestAddress) {
        int region = table.find(guestAddress, Short.BYTES);
        return region >= 0 ? getShort(region, offset(region, guestAddress)) : (short) gather(guestAddress, Short.BYTES);
    }

    /** Reads 4 bytes, plain access. */
    public final int getInt(long guestAddress) {
        int region = table.find(guestAddress, Integer.BYTES);
        return region >= 0 ? getInt(region, offset(region, guestAddress)) : (int) gather(guestAddress, Integer.BYTES);
    }

    /** Reads 8 bytes, plain access. */
    public final long getLong(long guestAddress) {
        int region = table.find(guestAddress, Long.BYTES);
        return region >= 0 ? getLong(region, offset(region, guestAddress)) : gather(guestAddress, Long.BYTES);
    }

    /** Writes 2 bytes, plain access. */
    public final void putShort(long guestAddress, short value) {
        scatter(guestAddress, value, Short.BYTES);
    }

    /** Writes 4 bytes, plain access. */
    public final void putInt(long guestAddress, int value) {
        scatter(guestAddress, value, Integer.BYTES);
    }

    /** Writes 8 bytes, plain access. */
    public final void putLong(long guestAddress, long value) {
        scatter(guestAddress, value, Long.BYTES);
    }

    /** {@link MemoryArea#getShortAcquire} at an even address. */
    public final short getShortAcquire(long guestAddress) {
        int region = aligned(guestAddress, Short.BYTES);
        return getShortAcquire(region, offset(region, guestAddress));
    }

    /** {@link MemoryArea#putShortRelease} at an even address. */
    public final void putShortRelease(long guestAddress, short value) {
        int region = aligned(guestAddress, Short.BYTES);
        putShortRelease(region, offset(region, guestAddress), value);
    }

    /** {@link MemoryArea#putIntRelease} at an address divisible by 4. */
    public final void putIntRelease(long guestAddress, int value) {
        int region = aligned(guestAddress, Integer.BYTES);
        putIntRelease(region, offset(region, guestAddress), value);
    }

    /**
     * Looks a contiguous piece up once, for many accesses.
     *
     * @param length 1 to 1048576 bytes; all of it must lie in one region
     */
    public final MemoryArea area(long guestAddress, int length) {
        if (length < 1 || length > MAX_AREA) {
            throw new IllegalArgumentException("an area has 1 to " + MAX_AREA + " bytes: " + length);
        }
        int region = table.find(guestAddress, length);
        if (region < 0) {
            throw outside(guestAddress, length);
        }
        return area(region, offset(region, guestAddress), length);
    }

    /** Largest {@link #area}: twice what the largest virtqueue's descriptor table takes. */
    public static final int MAX_AREA = 1 << 20;

    /** Throws unless all of {@code length} (at least 0) bytes exist, be it in several adjacent regions. */
    public final void checkRange(long guestAddress, long length) {
        if (table.find(guestAddress, length) < 0 && !table.holds(guestAddress, length)) {
            throw outside(guestAddress, length);
        }
    }

    /** Copies {@code length} bytes out of the guest; may cross into adjacent regions. Nothing is copied if some are missing. */
    public final void read(long guestAddress, byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        checkRange(guestAddress, length);
        int done = 0;
        while (done < length) {
            int region = table.find(guestAddress + done, 1);
            int here = (int) Math.min(length - done, table.available(region, guestAddress + done));
            read(region, offset(region, guestAddress + done), target, offset + done, here);
            done += here;
        }
    }

    /** Copies {@code length} bytes into the guest; may cross into adjacent regions. Nothing is copied if some are missing. */
    public final void write(long guestAddress, byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        checkRange(guestAddress, length);
        int done = 0;
        while (done < length) {
            int region = table.find(guestAddress + done, 1);
            int here = (int) Math.min(length - done, table.available(region, guestAddress + done));
            write(region, offset(region, guestAddress + done), source, offset + done, here);
            done += here;
        }
    }

    /**
     * The guest address of something the front-end names by an address of its own.
     *
     * @param userAddress in the front-end's address space
     * @param length at least 1; all bytes must lie in one region
     */
    public final long translateUser(long userAddress, long length) {
        return table.translateUser(userAddress, length);
    }

    /** Lets the source go; areas handed out become unusable. Idempotent. */
    @Override
    public final void close() {
        if (table != NOTHING) {
            table = NOTHING;
            closeSource();
        }
    }

    /** Reads from a region, all bytes inside it; plain access. */
    protected abstract short getShort(int region, long offset);

    /** See {@link #getShort(int, long)}. */
    protected abstract int getInt(int region, long offset);

    /** See {@link #getShort(int, long)}. */
    protected abstract long getLong(int region, long offset);

    /** Reads from a region at an offset that is aligned; see {@link MemoryArea#getShortAcquire}. */
    protected abstract short getShortAcquire(int region, long offset);

    /** Writes to a region at an offset that is aligned; see {@link MemoryArea#putShortRelease}. */
    protected abstract void putShortRelease(int region, long offset, short value);

    /** Writes to a region at an offset that is aligned; see {@link MemoryArea#putIntRelease}. */
    protected abstract void putIntRelease(int region, long offset, int value);

    /** An area of up to {@link #MAX_AREA} bytes inside a region. */
    protected abstract MemoryArea area(int region, long offset, int length);

    /** Copies from a region, all bytes inside it. */
    protected abstract void read(int region, long offset, byte[] target, int targetOffset, int length);

    /** Copies into a region, all bytes inside it. */
    protected abstract void write(int region, long offset, byte[] source, int sourceOffset, int length);

    /** Called once. */
    protected abstract void closeSource();

    private long offset(int region, long guestAddress) {
        return guestAddress - table.get(region).guestAddress();
    }

    private int aligned(long guestAddress, int size) {
        int region = table.find(guestAddress, size);
        if (region < 0) {
            throw outside(guestAddress, size);
        }
        if ((guestAddress & (size - 1)) != 0) {
            throw new GuestMemoryException(GuestRegion.hex(guestAddress) + " is not aligned to " + size);
        }
        return region;
    }

    private long gather(long guestAddress, int length) {
        byte[] bytes = new byte[length];
        read(guestAddress, bytes, 0, length);
        long value = 0;
        for (int i = length - 1; i >= 0; i--) {
            value = value << 8 | (bytes[i] & 0xff);
        }
        return value;
    }

    private void scatter(long guestAddress, long value, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (value >>> (8 * i));
        }
        write(guestAddress, bytes, 0, length);
    }

    private static GuestMemoryException outside(long guestAddress, long length) {
        return new GuestMemoryException("no guest memory for " + length + " bytes at " + GuestRegion.hex(guestAddress));
    }
}
