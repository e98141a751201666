package vmette.memory;

import java.util.Comparator;
import java.util.List;

/** The regions of a guest's memory, sorted by guest address, none overlapping another. Immutable. */
public final class RegionTable {
    private final GuestRegion[] regions;

    /**
     * @param unsorted in any order; the sorted order is that of {@link #regions}
     * @throws GuestMemoryException if two overlap, in guest or in user addresses
     */
    public RegionTable(List<GuestRegion> unsorted) {
        regions = unsorted.toArray(GuestRegion[]::new);
        sort(Comparator.comparing(GuestRegion::userAddress, Long::compareUnsigned));
        for (int i = 1; i < regions.length; i++) {
            refuseOverlap("user", regions[i - 1].userAddress(), regions[i - 1].size(), regions[i].userAddress());
        }
        sort(Comparator.comparing(GuestRegion::guestAddress, Long::compareUnsigned));
        for (int i = 1; i < regions.length; i++) {
            refuseOverlap("guest", regions[i - 1].guestAddress(), regions[i - 1].size(), regions[i].guestAddress());
        }
    }

    private void sort(Comparator<GuestRegion> order) {
        java.util.Arrays.sort(regions, order);
    }

    private static void refuseOverlap(String space, long start, long size, long next) {
        if (Long.compareUnsigned(next - start, size) < 0) {
            throw new GuestMemoryException("regions at " + space + " addresses " + GuestRegion.hex(start) + " and "
                    + GuestRegion.hex(next) + " overlap");
        }
    }

    /** The regions, by ascending guest address. */
    public List<GuestRegion> regions() {
        return List.of(regions);
    }

    /**
     * The region that holds {@code length} bytes at a guest address.
     *
     * @return its index in {@link #regions}, or -1
     */
    int find(long guestAddress, long length) {
        for (int i = 0; i < regions.length; i++) {
            if (regions[i].holdsGuest(guestAddress, length)) {
                return i;
            }
        }
        return -1;
    }

    GuestRegion get(int index) {
        return regions[index];
    }

    /** Whether all of the bytes exist, across adjacent regions too. */
    boolean holds(long guestAddress, long length) {
        long address = guestAddress;
        long left = length;
        while (left > 0) {
            int index = find(address, 1);
            if (index < 0) {
                return false;
            }
            long here = Math.min(left, available(index, address));
            address += here;
            left -= here;
        }
        return true;
    }

    /** Bytes from an address inside a region to the region's end. */
    long available(int index, long guestAddress) {
        return regions[index].size() - (guestAddress - regions[index].guestAddress());
    }

    long translateUser(long userAddress, long length) {
        for (GuestRegion region : regions) {
            if (region.holdsUser(userAddress, length)) {
                return userAddress - region.userAddress() + region.guestAddress();
            }
        }
        throw new GuestMemoryException(
                "no region holds " + length + " bytes at user address " + GuestRegion.hex(userAddress));
    }
}
