package vmette.memory;

import java.util.List;
import vmette.linux.OwnedFd;

/**
 * Opens a guest's memory from what the front-end sends: {@link MappedGuestMemory#open} or one that looks elsewhere.
 * Serves one front-end, and may hold on to it until it is closed.
 */
@FunctionalInterface
public interface GuestMemorySource extends AutoCloseable {
    /**
     * Opens it.
     *
     * @param regions in the order of the front-end's table
     * @param files one per region, same order; they stay the caller's and are closed after this returns
     * @throws GuestMemoryException if the table is refused
     * @throws vmette.linux.LinuxException if the kernel refuses
     */
    GuestMemory open(List<GuestRegion> regions, List<OwnedFd> files);

    /** Lets go of the front-end; what was opened has been closed before. Idempotent. */
    @Override
    default void close() {}
}
