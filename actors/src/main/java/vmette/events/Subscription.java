package vmette.events;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import vmette.actors.VmEvent;

/**
 * What waits for one subscriber, between those who publish and his stage. Thread-safe: nothing is done under its lock but a few steps in memory. The
 * stage gets one word for any number of events.
 */
final class Subscription {
    private final Optional<String> vm;
    private final BooleanSupplier over;
    private final int capacity;
    private final LongAdder missedByAll;
    private final Runnable wake;
    private final Deque<VmEvent> waiting = new ArrayDeque<>();
    // Since the last that was polled, all of them older than what waits.
    private long missed;
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
                lastMissed = waiting.remove().at();
                missed++;
                missedByAll.increment();
            }
            waiting.add(event);
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
        return Optional.ofNullable(waiting.poll());
    }

    /** Whether nothing will be polled any more. */
    synchronized boolean isOver() {
        return closed && missed == 0 && waiting.isEmpty();
    }
}
