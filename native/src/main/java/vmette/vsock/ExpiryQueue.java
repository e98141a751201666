package vmette.vsock;

import java.time.Duration;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * What must happen at a time unless it is cancelled before. A cancelled entry leaves at once: a guest that opens and
 * closes connections in a hurry piles nothing up here. Belongs to one thread.
 */
final class ExpiryQueue implements ExpiryTimer {
    /** More than anybody waits, and little enough that differences of deadlines do not overflow. */
    private static final long LONGEST = Long.MAX_VALUE / 4;

    private final LongSupplier nanos;
    private final TreeSet<Entry> entries = new TreeSet<>();
    private long sequence;

    private final class Entry implements Expiry, Comparable<Entry> {
        private final long deadline;
        private final long order;
        private final Runnable action;

        private Entry(long deadline, long order, Runnable action) {
            this.deadline = deadline;
            this.order = order;
            this.action = action;
        }

        @Override
        public void cancel() {
            entries.remove(this);
        }

        @Override
        public int compareTo(Entry other) {
            // a difference, because a nanosecond clock may wrap
            int byDeadline = Long.signum(deadline - other.deadline);
            return byDeadline != 0 ? byDeadline : Long.compare(order, other.order);
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return Long.hashCode(order);
        }
    }

    /** @param nanos a monotonic clock in nanoseconds, of any origin */
    ExpiryQueue(LongSupplier nanos) {
        this.nanos = nanos;
    }

    @Override
    public Expiry after(Duration delay, Runnable action) {
        Entry entry = new Entry(nanos.getAsLong() + clamp(delay), sequence++, action);
        entries.add(entry);
        return entry;
    }

    private static long clamp(Duration delay) {
        return delay.compareTo(Duration.ofNanos(LONGEST)) > 0 ? LONGEST : Math.max(0, delay.toNanos());
    }

    /** Nanoseconds until the next entry is due, 0 if one is; empty if there is none. */
    OptionalLong untilNext() {
        return entries.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(Math.max(0, entries.first().deadline - nanos.getAsLong()));
    }

    /** Runs what is due, and says whether there was anything. An entry is gone before its action runs. */
    boolean runDue() {
        boolean any = false;
        if (entries.isEmpty()) {
            return false;
        }
        long now = nanos.getAsLong();
        while (!entries.isEmpty() && entries.first().deadline - now <= 0) {
            any = true;
            entries.pollFirst().action.run();
        }
        return any;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }
}
