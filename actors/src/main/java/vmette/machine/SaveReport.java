package vmette.machine;

import java.time.Duration;
import java.util.Objects;

/**
 * What a save took.
 *
 * @param snapshot by which it can be restored
 * @param stoodStill how long the guest did; of one that was not to go on, until its memory was copied
 * @param memoryBytes of the guest's memory that were in use, so that they had to be copied
 */
public record SaveReport(String snapshot, Duration stoodStill, long memoryBytes) {
    /** Checks what is given. */
    public SaveReport {
        Objects.requireNonNull(snapshot, "snapshot");
        if (stoodStill.isNegative() || memoryBytes < 0) {
            throw new IllegalArgumentException("stood still for " + stoodStill + ", " + memoryBytes + " bytes");
        }
    }
}
