package vmette.events;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;

/**
 * What waits for one subscriber, between those who publish and his stage. Thread-safe: nothing is done under its lock but a few steps in memory. The
 * stage gets one word for any number of events.
 */
final class Subscription {
    /** Of consoles that failures have with them, in characters: as much as 32 and more of them have. Failures beyond it wait without. */
    static final int CONSOLES = 1 << 20;

    private final Optional<String> vm;
    private final BooleanSupplier over;
    private final int capacity;
    private final LongAdder missedByAll;
    private final Runnable wake;
    private final Deque<VmEvent> waiting = new ArrayDeque<>();
    // Since the last that was polled, all of them older than what waits.
    private long missed;
    // Of the consoles that wait.
    private long consoles;
    private Instant lastMissed = Instant.EPOCH;
    private boolean wakeUnderWay;
    private boolean closed;

    private Subscription(
            Optional<String> vm, BooleanSupplier over, int capacity, LongAdder missedByAll, Runnable wake) {
        this.vm = vm;
        this.over = over;
        this.capacity = capacity;
        this.missedByAll = missedByAll;
        this.wake = wake;
    }

    /**
     * To all VMs.
     *
     * @param missedByAll counts what is dropped
     * @param wake called when there is something to poll, or nothing will be any more, and not again before {@link #awake}
     */
    static Subscription ofAll(int capacity, LongAdder missedByAll, Runnable wake) {
        return new Subscription(Optional.empty(), () -> false, capacity, missedByAll, wake);
    }

    /**
     * The same to one, to whose end it lasts.
     *
     * @param over whether that has ended without being told here
     */
    static Subscription ofOne(String vm, BooleanSupplier over, int capacity, LongAdder missedByAll, Runnable wake) {
        return new Subscription(Optional.of(vm), over, capacity, missedByAll, wake);
    }

    /** The one it is to. */
    Optional<String> vm() {
        return vm;
    }

    /** Takes an event. Whoever polls is never waited for. */
    void offer(VmEvent event) {
        synchronized (this) {
            if (closed) {
                return;
            }
            if (waiting.size() == capacity) {
                lastMissed = taken().at();
                missed++;
                missedByAll.increment();
            }
            waiting.add(bounded(event));
            closed = vm.isPresent() && event instanceof VmEvent.Ended;
            if (wakeUnderWay) {
                return;
            }
            wakeUnderWay = true;
        }
        wake.run();
    }

    /** Takes no more; what waits can be polled. */
    void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            if (wakeUnderWay) {
                return;
            }
            wakeUnderWay = true;
        }
        wake.run();
    }

    void closeIfOver() {
        if (over.getAsBoolean()) {
            close();
        }
    }

    synchronized void awake() {
        wakeUnderWay = false;
    }

    /** The next, if there is one: what was missed before what has been kept. */
    synchronized Optional<VmEvent> poll() {
        if (missed > 0) {
            VmEvent gap = new VmEvent.Missed(missed, lastMissed);
            missed = 0;
            return Optional.of(gap);
        }
        return waiting.isEmpty() ? Optional.empty() : Optional.of(taken());
    }

    private VmEvent taken() {
        VmEvent event = waiting.remove();
        consoles -= console(event);
        return event;
    }

    private VmEvent bounded(VmEvent event) {
        long more = console(event);
        if (consoles + more > CONSOLES) {
            return withoutConsole(event);
        }
        consoles += more;
        return event;
    }

    private static long console(VmEvent event) {
        return failure(event).stream()
                .flatMap(failure -> failure.console().stream())
                .mapToLong(String::length)
                .sum();
    }

    private static Optional<VmFailure> failure(VmEvent event) {
        if (event instanceof VmEvent.Failed failed) {
            return Optional.of(failed.failure());
        }
        return event instanceof VmEvent.Ended ended ? ended.end().failure() : Optional.empty();
    }

    private static VmEvent withoutConsole(VmEvent event) {
        if (event instanceof VmEvent.Failed failed) {
            return new VmEvent.Failed(failed.failure().withoutConsole());
        }
        if (event instanceof VmEvent.Ended ended) {
            VmEnd end = ended.end();
            return new VmEvent.Ended(
                    ended.vm(),
                    ended.incarnation(),
                    ended.at(),
                    new VmEnd(end.how(), end.failure().map(VmFailure::withoutConsole)));
        }
        return event;
    }

    /** Whether nothing will be polled any more. */
    synchronized boolean isOver() {
        return closed && missed == 0 && waiting.isEmpty();
    }
}
