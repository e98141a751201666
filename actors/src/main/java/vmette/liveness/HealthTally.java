package vmette.liveness;

import java.time.Duration;
import java.time.Instant;

/**
 * How a VM's health checks have gone.
 *
 * @param begun when the VM was ready
 * @param wasHealthy whether one has ever succeeded
 * @param failures in a row, up to now, that count
 */
public record HealthTally(Instant begun, boolean wasHealthy, int failures) {
    /** Before the first check. */
    public static HealthTally begin(Instant now) {
        return new HealthTally(now, false, 0);
    }

    /** After one that succeeded. */
    public HealthTally passed() {
        return new HealthTally(begun, true, 0);
    }

    /**
     * After one that failed.
     *
     * @param startPeriod within which a VM that was never healthy may be none
     */
    public HealthTally failed(Instant now, Duration startPeriod) {
        boolean starting = !wasHealthy && now.isBefore(begun.plus(startPeriod));
        return starting ? this : new HealthTally(begun, wasHealthy, failures + 1);
    }
}
