package vmette.liveness;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * What is remembered from one look to the next.
 *
 * @param at when the last look was
 * @param heard when the guest was last known to be alive
 * @param silent the silence since then, as it is counted
 * @param idle how much of that, up to now, the monitor has used no processor time for
 * @param stopped for how long the monitor has been seen stopped, up to now
 * @param first the monitor at the first look of the silence at which it could be told
 * @param last the monitor at the last look, if it was one of the silence
 */
public record Course(
        Instant at,
        Instant heard,
        Duration silent,
        Duration idle,
        Duration stopped,
        Optional<MonitorState> first,
        Optional<MonitorState> last) {
    /** Of a guest that is alive now. */
    public static Course aliveAt(Instant now) {
        return new Course(now, now, Duration.ZERO, Duration.ZERO, Duration.ZERO, Optional.empty(), Optional.empty());
    }

    boolean wasStopped() {
        return last.filter(MonitorState::isStopped).isPresent();
    }

    Silence silence(double loadPerCore) {
        long ticks = last.isPresent() && first.isPresent()
                ? last.get().cpuTicks() - first.get().cpuTicks()
                : 0;
        return new Silence(
                Duration.between(heard, at),
                silent,
                idle,
                last,
                Duration.ofMillis(Math.max(0, ticks) * MonitorState.TICK_MILLIS),
                loadPerCore);
    }
}
