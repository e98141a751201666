package vmette.vmm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How a VM is to be saved.
 *
 * @param unplugTimeout how long its guest may take to let go of devices that cannot be saved, positive
 * @param thenQuit whether the process ends once the VM is saved; else the VM goes on
 * @param memory where a VM whose memory is private is to put all of it, until {@link SnapshotSink#standsStill} returns: a file as long as that, all zeroes,
 *     on a tmpfs with room for it; of no use to another VM
 */
public record SnapshotOrder(Duration unplugTimeout, boolean thenQuit, Optional<Path> memory) {
    /** For a VM whose memory is a file. */
    public SnapshotOrder(Duration unplugTimeout, boolean thenQuit) {
        this(unplugTimeout, thenQuit, Optional.empty());
    }

    /** Checks what is given. */
    public SnapshotOrder {
        if (unplugTimeout.isNegative() || unplugTimeout.isZero()) {
            throw new IllegalArgumentException("an unplug timeout of " + unplugTimeout);
        }
    }
}
