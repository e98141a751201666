package vmette.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import vmette.linux.MemFd;
import vmette.linux.ProcessMemory;

/**
 * A guest's memory that is another process's own: a piece, not used before, of what one {@link MappingProcess} has mapped
 * privately. Front-end, driver and device all reach it there. The process ends with this JVM.
 */
public final class RemoteRam {
    private static final long SIZE = 1536L << 20;
    private static MappingProcess owner;
    private static long used;

    private RemoteRam() {}

    /** As {@link GuestRam#create(long, long)}. */
    public static GuestRam create(long guestAddress, long size) {
        return create(new long[][] {{guestAddress, size}});
    }

    /** As {@link GuestRam#create(long[][])}. */
    public static synchronized GuestRam create(long[][] addressesAndSizes) {
        long wanted = 0;
        for (long[] region : addressesAndSizes) {
            wanted += region[1];
        }
        require(wanted);
        List<GuestRegion> regions = new ArrayList<>();
        for (long[] region : addressesAndSizes) {
            regions.add(new GuestRegion(region[0], region[1], owner.address() + used, used));
            used += region[1];
        }
        return new GuestRam(
                MemFd.create("not-to-be-mapped", 0),
                List.copyOf(regions),
                RemoteGuestMemory.in(ProcessMemory.open(owner.pid())));
    }

    /** Starts the process, which a test that counts its own descriptors does first. */
    public static synchronized void start() {
        require(1);
    }

    private static void require(long wanted) {
        if (owner == null || SIZE - used < wanted) {
            if (owner != null) {
                owner.close();
            }
            owner = MappingProcess.start(MappingProcess.How.PRIVATE, SIZE);
            used = 0;
            try {
                // the child has it mapped, and nobody closes what lives as long as the JVM
                Files.delete(owner.file());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
