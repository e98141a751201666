package vmette.liveness;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * One look at a VM.
 *
 * @param at when, by a clock that never goes back
 * @param progress whether the guest has sent anything since the look before: an answer, or a byte of anything else
 * @param paused whether its processors are held on purpose
 * @param monitor empty where it cannot be told
 * @param loadPerCore the host's load average for each of its processors; what is no number counts as 0
 */
public record Sample(Instant at, boolean progress, boolean paused, Optional<MonitorState> monitor, double loadPerCore) {
    /** Checks what is given. */
    public Sample {
        Objects.requireNonNull(at, "at");
        Objects.requireNonNull(monitor, "monitor");
    }
}
