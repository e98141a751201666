package vmette.pool;

import java.util.concurrent.CompletionStage;

/**
 * Where a pool's VMs come from, and what becomes of them. Thread-safe; nothing blocks.
 *
 * @param <V> a VM; the same is equal to no other
 */
public interface PoolVms<V> {
    /** Another VM, which is ready and nobody else's. */
    CompletionStage<V> next();

    /** Completes when nothing of it is left, never exceptionally. */
    CompletionStage<?> ended(V vm);

    /** Whether that is so. */
    boolean hasEnded(V vm);

    /** Ends it; idempotent. */
    void stop(V vm);

    /** The number of its incarnation: a VM that has begun another is not what came from here. */
    long incarnation(V vm);

    /** For messages. */
    String name(V vm);
}
