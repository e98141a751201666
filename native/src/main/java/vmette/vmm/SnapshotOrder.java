package vmette.vmm;

import java.time.Duration;

/**
 * How a VM is to be saved.
 *
 * @param unplugTimeout how long its guest may take to let go of devices that cannot be saved, positive
 * @param thenQuit whether the process ends once the VM is saved; else the VM goes on
 */
public record SnapshotOrder(Duration unplugTimeout, boolean thenQuit) {
    /** Checks what is given. */
    public SnapshotOrder {
        if (unplugTimeout.isNegative() || unplugTimeout.isZero()) {
            throw new IllegalArgumentException("an unplug timeout of " + unplugTimeout);
        }
    }
}
