package vmette.vmm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How a VM is to be saved.
 *
 * @param unplugTimeout how long its guest may take to let go of devices that cannot be saved, positive
 * @param thenQuit whether the process ends once the VM is saved; else the VM goes on
 * @param memory where a VM whose memory is private is to put all of it, until {@link SnapshotSink#standsStill} returns: a file as long as that, all zeroes,
 *     on a tmpfs with room for it; of no use to another VM
 * @param overlays for each disk that is written to and is in the snapshot, by its serial: an empty image, laid over it, into which the guest writes from then on
 * @param bases for disks of which all that lies beneath the topmost image has been made one file, by serial: that raw image, to be opened in the place of the others. Told again it
 *     changes nothing
 */
public record SnapshotOrder(
        Duration unplugTimeout,
        boolean thenQuit,
        Optional<Path> memory,
        Map<String, Path> overlays,
        Map<String, Path> bases) {
    /** Checks what is given. */
    public SnapshotOrder {
        if (unplugTimeout.isNegative() || unplugTimeout.isZero()) {
            throw new IllegalArgumentException("an unplug timeout of " + unplugTimeout);
        }
        overlays = Map.copyOf(overlays);
        bases = Map.copyOf(bases);
    }

    /** Of a VM that writes to no disk. */
    public SnapshotOrder(Duration unplugTimeout, boolean thenQuit) {
        this(unplugTimeout, thenQuit, Optional.empty(), Map.of(), Map.of());
    }
}
