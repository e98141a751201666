package vmette.actors;

import java.time.Instant;
import java.time.InstantSource;

/** The wall clock as it was at the first look, and from then on time as it passes: it never goes back, whatever is done to the host's. */
final class SteadyClock implements InstantSource {
    static final SteadyClock INSTANCE = new SteadyClock();

    private final Instant start = Instant.now();
    private final long startNanos = System.nanoTime();

    private SteadyClock() {}

    @Override
    public Instant instant() {
        return start.plusNanos(System.nanoTime() - startNanos);
    }
}
