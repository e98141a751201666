package vmette.pool;

import java.time.Instant;
import java.util.Comparator;

/** One VM of a pool; guarded by that. */
final class Entry<V> {
    /** Those that are ready, the first to be too old first. */
    static final Comparator<Entry<?>> ORDER =
            Comparator.<Entry<?>, Instant>comparing(entry -> entry.expires).thenComparingLong(entry -> entry.number);

    enum Stage {
        READY,
        LENT,
        ENDING
    }

    final V vm;
    final long incarnation;
    final Instant expires;
    private final long number;
    Stage stage = Stage.READY;

    /** @param number in the order in which they came */
    Entry(V vm, long incarnation, Instant expires, long number) {
        this.vm = vm;
        this.incarnation = incarnation;
        this.expires = expires;
        this.number = number;
    }
}
