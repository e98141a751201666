package vmette.memory;

import java.util.ArrayList;
import java.util.List;
import vmette.linux.MemFd;
import vmette.linux.OwnedFd;

/** A guest's memory for tests: one memory file, seen by front-end, driver and device. */
public final class GuestRam implements AutoCloseable {
    /** Where the front-end claims to have it mapped, less the guest address. */
    public static final long USER_OFFSET = 0x7f00_0000_0000L;

    private final OwnedFd file;
    private final List<GuestRegion> regions;
    private final GuestMemorySource source;
    private final GuestMemory memory;

    /** @param source opens the regions, whatever the file; closed with this */
    GuestRam(OwnedFd file, List<GuestRegion> regions, GuestMemorySource source) {
        this.file = file;
        this.regions = regions;
        this.source = source;
        this.memory = open();
    }

    /** One region at a guest address, a multiple of 4096 bytes long. */
    public static GuestRam create(long guestAddress, long size) {
        return create(new long[][] {{guestAddress, size}});
    }

    /** Regions as pairs of guest address and size, all in one file. */
    public static GuestRam create(long[][] addressesAndSizes) {
        List<GuestRegion> regions = new ArrayList<>();
        long offset = 0;
        for (long[] region : addressesAndSizes) {
            regions.add(new GuestRegion(region[0], region[1], region[0] + USER_OFFSET, offset));
            offset += region[1];
        }
        return new GuestRam(MemFd.create("guest-ram", offset), List.copyOf(regions), MappedGuestMemory::open);
    }

    /** What a back-end would open the memory with. */
    public GuestMemorySource source() {
        return source;
    }

    /** The memory, through a mapping of its own that lives as long as this object. */
    public GuestMemory memory() {
        return memory;
    }

    /** Another mapping of the same memory; the caller closes it. */
    public GuestMemory open() {
        List<OwnedFd> files = new ArrayList<>();
        regions.forEach(region -> files.add(file));
        return source.open(regions, files);
    }

    /** The memory table a front-end would send. */
    public List<GuestRegion> regions() {
        return regions;
    }

    /** The file behind all regions; stays with this object. */
    public OwnedFd file() {
        return file;
    }

    @Override
    public void close() {
        memory.close();
        source.close();
        file.close();
    }
}
