package vmette.recovery;

import java.time.Duration;
import vmette.config.RecoverySettings;

/** How long a recovery waits. */
final class Backoff {
    private Backoff() {}

    /**
     * @param repetition how many recoveries of a VM that did not become stable lie right before this one
     * @param random from 0 to below 1
     */
    static Duration delay(RecoverySettings.Backoff settings, int repetition, double random) {
        if (repetition == 0) {
            return Duration.ZERO;
        }
        double longest = settings.max().toNanos();
        double nanos = Math.min(longest, settings.min().toNanos() * Math.pow(2, repetition - 1));
        return Duration.ofNanos((long) (nanos * (1 - settings.jitter() * random)));
    }
}
