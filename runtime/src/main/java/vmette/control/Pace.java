package vmette.control;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * How fast a client's orders that cost no credit are taken: so many at once, and then one in each interval. Whoever sends more is read later, and holds up nobody but
 * himself. Not for several threads.
 */
final class Pace {
    /** More than any person or terminal needs at once. */
    static final int AT_ONCE = 64;

    /** Between two of more. */
    static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final LongSupplier clock;
    private final LongConsumer pause;
    // When all that was taken will have been paid for; never long ago.
    private long paid;

    Pace() {
        this(System::nanoTime, LockSupport::parkNanos);
    }

    /**
     * @param clock in nanoseconds, from anywhere
     * @param pause waits about so many nanoseconds
     */
    Pace(LongSupplier clock, LongConsumer pause) {
        this.clock = clock;
        this.pause = pause;
        this.paid = clock.getAsLong();
    }

    /** Waits until one more may be taken. */
    void take() {
        long now = clock.getAsLong();
        if (paid - now < 0) {
            paid = now;
        }
        paid += INTERVAL_NANOS;
        for (long ahead = ahead(); ahead > 0; ahead = ahead()) {
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
            pause.accept(ahead);
        }
    }

    private long ahead() {
        return paid - clock.getAsLong() - AT_ONCE * INTERVAL_NANOS;
    }
}
