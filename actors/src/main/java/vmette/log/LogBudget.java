package vmette.log;

import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import vmette.config.LogSettings;
import vmette.reclaim.Reclaim;

/**
 * The memory that all logs of a runtime have together. Those with something in them have equal shares, a power of two each: as more are written to, the larger
 * ones forget what they have beyond theirs, and as long as there is room each has as much as it is to keep. Thread-safe.
 *
 * <p>A log's own lock comes before this one's, and this never waits for a log's.
 */
public final class LogBudget {
    private final long most;
    private final Set<LogRing> rings = Collections.newSetFromMap(new WeakHashMap<>());
    private long leases;
    private long used;

    /** @param most bytes, above 0 */
    public LogBudget(long most) {
        if (most < 1) {
            throw new IllegalArgumentException("logs of " + most + " bytes together");
        }
        this.most = most;
    }

    /** As the settings have it, and no more than a quarter of the heap. */
    public static LogBudget of(LogSettings settings) {
        return new LogBudget(Math.min(settings.budget(), Runtime.getRuntime().maxMemory() / 4));
    }

    /** A log that has the budget of none. */
    static LogBudget unlimited() {
        return new LogBudget(Long.MAX_VALUE);
    }

    /** What one log has of it. */
    final class Lease {
        private long bytes;

        /** Takes as much, or gives back what is more; false: there is not so much. */
        boolean resize(long to) {
            synchronized (LogBudget.this) {
                if (to > bytes && to - bytes > most - used) {
                    return false;
                }
                used += to - bytes;
                bytes = to;
                return true;
            }
        }

        private void end() {
            synchronized (LogBudget.this) {
                used -= bytes;
                bytes = 0;
                leases--;
            }
        }
    }

    /** For a log that is written to for the first time; given back when nobody has the log any more. */
    synchronized Lease lease(LogRing ring) {
        Lease lease = new Lease();
        rings.add(ring);
        leases++;
        Reclaim.of(ring, lease::end);
        return lease;
    }

    /** The most that one log may have now. */
    synchronized long share() {
        return Long.highestOneBit(most / Math.max(1, leases));
    }

    /** Has those that have more than their share give it back. The caller holds no log's lock. */
    void relieve() {
        long share = share();
        all().forEach(ring -> ring.shrink(share));
    }

    private synchronized List<LogRing> all() {
        return List.copyOf(rings);
    }

    /** What all of them have. */
    synchronized long used() {
        return used;
    }
}
