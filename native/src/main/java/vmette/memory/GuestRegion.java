package vmette.memory;

/**
 * One region of a memory table, as the front-end describes it; all 64-bit values are unsigned.
 *
 * @param guestAddress guest-physical address of its first byte
 * @param size bytes, at least 1
 * @param userAddress where the front-end itself has it mapped; what ring addresses are given in
 * @param sourceOffset where it begins in its source (offset into the file behind the descriptor)
 */
public record GuestRegion(long guestAddress, long size, long userAddress, long sourceOffset) {
    /** What a region's addresses and offset are multiples of: the smallest page. */
    public static final int ALIGNMENT = 4096;

    /** Refuses a region that is empty, not aligned, or runs past the end of an address space. */
    public GuestRegion {
        if (size <= 0) {
            throw new GuestMemoryException("region at " + hex(guestAddress) + " has size " + hex(size));
        }
        if (((guestAddress | userAddress | sourceOffset) & (ALIGNMENT - 1)) != 0) {
            throw new GuestMemoryException("region at " + hex(guestAddress) + " (user address " + hex(userAddress)
                    + ", offset " + hex(sourceOffset) + ") is not aligned to " + ALIGNMENT);
        }
        requireNoWrap("guest address", guestAddress, size);
        requireNoWrap("user address", userAddress, size);
        if (sourceOffset < 0 || sourceOffset > Long.MAX_VALUE - size) {
            throw new GuestMemoryException(
                    "region at " + hex(guestAddress) + " has source offset " + hex(sourceOffset));
        }
    }

    private static void requireNoWrap(String what, long start, long size) {
        if (Long.compareUnsigned(start + (size - 1), start) < 0) {
            throw new GuestMemoryException("region's " + what + " " + hex(start) + " plus " + hex(size) + " wraps");
        }
    }

    /** Whether {@code length} bytes at a guest address lie inside. */
    boolean holdsGuest(long address, long length) {
        return holds(address - guestAddress, length);
    }

    /** Whether {@code length} bytes at a user address lie inside. */
    boolean holdsUser(long address, long length) {
        return holds(address - userAddress, length);
    }

    // an address below the start gives a huge unsigned offset
    private boolean holds(long offset, long length) {
        return Long.compareUnsigned(offset, size) < 0 && length <= size - offset;
    }

    static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
