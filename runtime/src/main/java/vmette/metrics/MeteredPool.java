package vmette.metrics;

import java.util.concurrent.CompletionStage;
import vmette.pool.PoolStatus;

/** A pool that is open, as its meters see it. Thread-safe. */
public interface MeteredPool {
    /** How it stands. */
    PoolStatus status();

    /** Completes when it is closed and nothing is left. */
    CompletionStage<?> closed();
}
