package vmette.pool;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import vmette.config.PoolSettings;

/** What a pool does next. Pure. */
final class PoolRules {
    /** What came together shall not go together: so much of an age may be taken off. */
    private static final double AGES_JITTER = 0.1;

    /** So much of what may be begun in a second may be begun at once: timers are not more exact than that. */
    private static final double AT_ONCE = 0.1;

    private static final double NANOS = 1e9;

    private PoolRules() {}

    /**
     * Nobody gets a VM that is too old. VMs that are being stopped still take their part of the host. While nothing is known but that the source fails, one VM at a
     * time is asked for.
     */
    static PoolStep next(PoolState state, PoolSettings settings, Instant now) {
        boolean old = state.expires().filter(when -> !now.isBefore(when)).isPresent();
        if (state.ready() > 0 && (state.closed() || old)) {
            return new PoolStep.Retire();
        }
        if (state.closed()) {
            return new PoolStep.Rest(Optional.empty());
        }
        if (state.ready() > 0 && state.waiting() > 0) {
            return new PoolStep.Hand();
        }
        boolean wanted = state.ready() + state.coming() < Math.max(settings.min(), state.waiting());
        boolean room = state.total() < settings.max();
        boolean probing = state.failures() > 0 && state.coming() > 0;
        if (!wanted || !room || probing) {
            return new PoolStep.Rest(state.expires());
        }
        Instant start = later(state.retryAt(), earliest(state, settings));
        return now.isBefore(start)
                ? new PoolStep.Rest(Stream.concat(Stream.of(start), state.expires().stream())
                        .min(Instant::compareTo))
                : new PoolStep.Begin();
    }

    private static Instant earliest(PoolState state, PoolSettings settings) {
        if (state.nextStart().equals(Instant.MIN)) {
            return state.nextStart();
        }
        long ahead = Math.max(1, (long) (settings.refillPerSecond() * AT_ONCE)) - 1;
        return state.nextStart().minus(interval(settings).multipliedBy(ahead));
    }

    /** From one VM to the next, at the rate that is allowed. */
    static Duration interval(PoolSettings settings) {
        return Duration.ofNanos((long) (NANOS / settings.refillPerSecond()));
    }

    /** How long the source is left alone after so many failures in a row, at least one. */
    static Duration pause(PoolSettings.Retry retry, int failures, double random) {
        double nanos = Math.min((double) retry.max().toNanos(), retry.min().toNanos() * Math.pow(2, failures - 1));
        return Duration.ofNanos((long) (nanos * (1 - retry.jitter() * random)));
    }

    /**
     * When one that is ready now will be too old; {@link Instant#MAX}: never.
     *
     * @param random from 0 to below 1
     */
    static Instant expiry(PoolSettings settings, Instant now, double random) {
        return settings.maxAge().isZero()
                ? Instant.MAX
                : now.plusNanos((long) (settings.maxAge().toNanos() * (1 - AGES_JITTER * random)));
    }

    static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }
}
