package vmette.pool;

import java.time.Duration;
import java.time.Instant;

/** Time as a pool has it. Thread-safe; nothing blocks, nothing throws. */
public interface PoolTime {
    /** Never before what it was. */
    Instant now();

    /** Has something done soon, not by the caller's thread. */
    void execute(Runnable task);

    /** Has something done later; what is given back takes it back. */
    Runnable later(Duration delay, Runnable task);
}
