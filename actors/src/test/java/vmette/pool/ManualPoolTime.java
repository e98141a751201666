package vmette.pool;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;

/** Time that a test moves. Not for several threads. */
final class ManualPoolTime implements PoolTime {
    private record Timer(Instant at, long number, Runnable task) {}

    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(Comparator.comparing(Timer::at).thenComparingLong(Timer::number));
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private long numbers;

    @Override
    public Instant now() {
        return now;
    }

    @Override
    public void execute(Runnable task) {
        tasks.addLast(task);
    }

    @Override
    public Runnable later(Duration delay, Runnable task) {
        Timer timer = new Timer(now.plus(delay), ++numbers, task);
        timers.add(timer);
        return () -> timers.remove(timer);
    }

    int timers() {
        return timers.size();
    }

    /** Does what is due now. */
    void settle() {
        while (!tasks.isEmpty()) {
            tasks.removeFirst().run();
        }
    }

    /** Lets time pass, and what is due happen in its order. */
    void advance(Duration duration) {
        Instant target = now.plus(duration);
        settle();
        while (!timers.isEmpty() && !timers.peek().at().isAfter(target)) {
            Timer next = timers.remove();
            now = next.at();
            next.task().run();
            settle();
        }
        now = target;
    }
}
