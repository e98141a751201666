package vmette.testkit;

import java.time.Duration;
import java.time.InstantSource;

/** Time and the one thread of a kit's machines: what they do is done in it, one thing after the other. Thread-safe. */
interface KitTime extends InstantSource, AutoCloseable {
    /** Does something soon. */
    void execute(Runnable task);

    /** Whether this is that thread. */
    boolean isOwnThread();

    /** Does something later; what is given back takes it back. */
    Runnable later(Duration delay, Runnable task);

    @Override
    void close();
}
