package vmette.recovery;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * The end of one incarnation, as far as a recovery depends on it.
 *
 * @param kind what happened
 * @param at when, by a clock that never goes back
 * @param readyFor how long the incarnation had been ready; 0 if it never was
 * @param restoredFrom the snapshot it had begun from; empty: it had been booted
 * @param everReady whether the VM had ever been ready, in this incarnation or another
 */
public record Failure(
        FailureKind kind, Instant at, Duration readyFor, Optional<String> restoredFrom, boolean everReady) {
    /** Checks what is given. */
    public Failure {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(at, "at");
        Objects.requireNonNull(restoredFrom, "restoredFrom");
        if (readyFor.isNegative()) {
            throw new IllegalArgumentException("ready for " + readyFor);
        }
    }

    /** Whether it had come up for good, by the setting {@code stable-after}, so that it does not count as a repetition. */
    boolean wasStable(Duration stableAfter) {
        return !readyFor.isZero() && readyFor.compareTo(stableAfter) >= 0;
    }
}
