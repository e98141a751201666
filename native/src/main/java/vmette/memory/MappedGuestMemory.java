package vmette.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import vmette.linux.OwnedFd;
import vmette.linux.SharedMapping;

/** Guest memory that this process has mapped, shared with the front-end and the guest. */
public final class MappedGuestMemory extends GuestMemory {
    private static final VarHandle SHORT =
            MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final ByteBuffer CLOSED = ByteBuffer.allocateDirect(0);

    private final List<SharedMapping> mappings;
    private final ByteBuffer[][] windows;
    // forgotten with their rings, however often those are set up anew
    private final Set<Area> areas = Collections.newSetFromMap(new WeakHashMap<>());

    private MappedGuestMemory(RegionTable table, List<SharedMapping> mappings) {
        super(table);
        this.mappings = mappings;
        this.windows = mappings.stream()
                .map(mapping -> mapping.windows().toArray(ByteBuffer[]::new))
                .toArray(ByteBuffer[][]::new);
    }

    /** Maps every region, see {@link GuestMemorySource#open}. */
    public static GuestMemory open(List<GuestRegion> regions, List<OwnedFd> files) {
        if (regions.size() != files.size()) {
            throw new GuestMemoryException(regions.size() + " regions came with " + files.size() + " files");
        }
        RegionTable table = new RegionTable(regions);
        Map<GuestRegion, OwnedFd> fileOf = new HashMap<>();
        for (int i = 0; i < files.size(); i++) {
            fileOf.put(regions.get(i), files.get(i));
        }
        List<SharedMapping> mappings = new ArrayList<>();
        try {
            for (GuestRegion region : table.regions()) {
                mappings.add(SharedMapping.map(fileOf.get(region), region.sourceOffset(), region.size()));
            }
            return new MappedGuestMemory(table, mappings);
        } catch (RuntimeException | Error e) {
            mappings.forEach(SharedMapping::close);
            throw e;
        }
    }

    private ByteBuffer window(int region, long offset) {
        return windows[region][(int) (offset / SharedMapping.STRIDE)];
    }

    private static int index(long offset) {
        return (int) (offset % SharedMapping.STRIDE);
    }

    @Override
    protected short getShort(int region, long offset) {
        return window(region, offset).getShort(index(offset));
    }

    @Override
    protected int getInt(int region, long offset) {
        return window(region, offset).getInt(index(offset));
    }

    @Override
    protected long getLong(int region, long offset) {
        return window(region, offset).getLong(index(offset));
    }

    @Override
    protected short getShortAcquire(int region, long offset) {
        return (short) SHORT.getAcquire(window(region, offset), index(offset));
    }

    @Override
    protected void putShortRelease(int region, long offset, short value) {
        SHORT.setRelease(window(region, offset), index(offset), value);
    }

    @Override
    protected void putIntRelease(int region, long offset, int value) {
        INT.setRelease(window(region, offset), index(offset), value);
    }

    @Override
    protected MemoryArea area(int region, long offset, int length) {
        Area area = new Area(window(region, offset).slice(index(offset), length).order(ByteOrder.LITTLE_ENDIAN));
        areas.add(area);
        return area;
    }

    @Override
    protected void read(int region, long offset, byte[] target, int targetOffset, int length) {
        int done = 0;
        while (done < length) {
            ByteBuffer window = window(region, offset + done);
            int index = index(offset + done);
            int here = Math.min(length - done, window.capacity() - index);
            window.get(index, target, targetOffset + done, here);
            done += here;
        }
    }

    @Override
    protected void write(int region, long offset, byte[] source, int sourceOffset, int length) {
        int done = 0;
        while (done < length) {
            ByteBuffer window = window(region, offset + done);
            int index = index(offset + done);
            int here = Math.min(length - done, window.capacity() - index);
            window.put(index, source, sourceOffset + done, here);
            done += here;
        }
    }

    @Override
    protected void closeSource() {
        for (Area area : areas) {
            area.bytes = CLOSED;
        }
        mappings.forEach(SharedMapping::close);
    }

    /** Loses its buffer at close: an index error instead of a stray access to whatever is mapped there next. */
    private static final class Area extends MemoryArea {
        private ByteBuffer bytes;

        Area(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        @Override
        public short getShort(int index) {
            return bytes.getShort(index);
        }

        @Override
        public int getInt(int index) {
            return bytes.getInt(index);
        }

        @Override
        public long getLong(int index) {
            return bytes.getLong(index);
        }

        @Override
        public void putShort(int index, short value) {
            bytes.putShort(index, value);
        }

        @Override
        public void putInt(int index, int value) {
            bytes.putInt(index, value);
        }

        @Override
        public short getShortAcquire(int index) {
            return (short) SHORT.getAcquire(bytes, index);
        }

        @Override
        public void putShortRelease(int index, short value) {
            SHORT.setRelease(bytes, index, value);
        }

        @Override
        public void putIntRelease(int index, int value) {
            INT.setRelease(bytes, index, value);
        }
    }
}
