package vmette.control;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The last things that happened in a runtime, read by position. A reader costs nothing while it is away, holds up nobody, and learns how much it has missed. Thread-safe;
 * adding never waits.
 */
public final class EventTail {
    /** How many are kept. */
    public static final int KEPT = 1000;

    private final Facts[] ring = new Facts[KEPT];
    private long end;
    private boolean over;
    private CompletableFuture<Void> more = new CompletableFuture<>();

    /**
     * What there is from a position on.
     *
     * @param missed how many that stood there are not kept any more
     * @param events those that are, at most {@value #KEPT}
     * @param next where to go on
     */
    public record Page(long missed, List<Facts> events, long next) {}

    /** Adds what happened. */
    public void add(Facts event) {
        CompletableFuture<Void> told;
        synchronized (this) {
            ring[(int) (end % KEPT)] = event;
            end++;
            told = more;
            more = new CompletableFuture<>();
        }
        told.complete(null);
    }

    /** Nothing more happens. Idempotent. */
    public void close() {
        CompletableFuture<Void> told;
        synchronized (this) {
            over = true;
            told = more;
        }
        told.complete(null);
    }

    /** The position after the last. */
    public synchronized long end() {
        return end;
    }

    /**
     * Where the last ones begin.
     *
     * @param count so many, 0 or more
     * @param vm only those that concern this one
     */
    public synchronized long last(int count, Optional<String> vm) {
        long at = end;
        for (int left = count; left > 0 && at > Math.max(0, end - KEPT); at--) {
            Facts event = ring[(int) ((at - 1) % KEPT)];
            left -= vm.isEmpty() || event.get("vm").equals(vm) ? 1 : 0;
        }
        return at;
    }

    /** Whether nothing comes after this position. */
    public synchronized boolean isOver(long position) {
        return over && position >= end;
    }

    /**
     * Reads on.
     *
     * @param vm only what concerns this one
     */
    public synchronized Page read(long position, Optional<String> vm) {
        long from = Math.max(position, Math.max(0, end - KEPT));
        List<Facts> events = new ArrayList<>();
        for (long at = from; at < end; at++) {
            Facts event = ring[(int) (at % KEPT)];
            if (vm.isEmpty() || event.get("vm").equals(vm)) {
                events.add(event);
            }
        }
        return new Page(position < 0 ? 0 : from - position, events, end);
    }

    /** Completes when there is something at this position, or nothing will ever be. */
    public synchronized CompletionStage<Void> after(long position) {
        return end > position || over ? CompletableFuture.completedStage(null) : more.minimalCompletionStage();
    }
}
