package vmette.recovery;

import java.time.Instant;
import java.util.Objects;

/**
 * A snapshot of a VM, as far as a recovery depends on it.
 *
 * @param id names it
 * @param takenAt when the VM was in that state
 * @param failedRestores how often it could not be restored, in a row
 */
public record Snapshot(String id, Instant takenAt, int failedRestores) {
    /** Checks what is given. */
    public Snapshot {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(takenAt, "takenAt");
        if (failedRestores < 0) {
            throw new IllegalArgumentException(failedRestores + " failed restores");
        }
    }
}
