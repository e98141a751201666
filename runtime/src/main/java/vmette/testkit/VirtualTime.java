package vmette.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;

/**
 * Time that a test moves. One thread does all there is to do, that of the actors and streams too, in the order in which it came up; the clock moves only
 * when nothing is left to do, and then from one timer to the next. So what follows from what does not depend on how fast the machine is.
 */
final class VirtualTime implements KitTime {
    /** Of {@link Instant}s: any will do that is the same every time. */
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private static final long POOL_MILLIS = 100;
    private static final long HELPERS_MILLIS = 1000;

    private static final AtomicLong IDS = new AtomicLong();
    private static final Map<String, VirtualTime> ALL = new ConcurrentHashMap<>();

    private static final class Timer {
        private final long at;
        private final long number;
        private final Runnable task;
        private final Executor by;
        private volatile boolean cancelled;

        Timer(long at, long number, Runnable task, Executor by) {
            this.at = at;
            this.number = number;
            this.task = task;
            this.by = by;
        }

        long at() {
            return at;
        }

        long number() {
            return number;
        }

        void goOff() {
            by.execute(() -> {
                if (!cancelled) {
                    task.run();
                }
            });
        }
    }

    private final String id = "virtual-" + IDS.incrementAndGet();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Timer> timers =
            new PriorityQueue<>(Comparator.comparingLong(Timer::at).thenComparingLong(Timer::number));
    private final ThreadGroup group = new ThreadGroup("vmette-testkit");
    private final Thread thread = new Thread(group, this::work, "vmette-testkit");
    private long nanos;
    private long numbers;
    private long done;
    private boolean busy;
    private boolean closed;

    VirtualTime() {
        ALL.put(id, this);
        thread.setDaemon(true);
        thread.start();
    }

    /** The one of this id, for a scheduler that Akka makes. */
    static VirtualTime of(String id) {
        VirtualTime time = ALL.get(id);
        if (time == null) {
            throw new IllegalStateException("the test kit of this ActorSystem is closed");
        }
        return time;
    }

    String id() {
        return id;
    }

    private void work() {
        while (true) {
            Runnable next;
            synchronized (this) {
                busy = false;
                while (tasks.isEmpty()) {
                    notifyAll();
                    if (closed) {
                        return;
                    }
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                next = tasks.removeFirst();
                done++;
                busy = true;
            }
            try {
                next.run();
            } catch (RuntimeException | Error e) {
                thread.getThreadGroup().uncaughtException(thread, e);
            }
        }
    }

    @Override
    public synchronized Instant instant() {
        return START.plusNanos(nanos);
    }

    synchronized long nanos() {
        return nanos;
    }

    @Override
    public synchronized void execute(Runnable task) {
        if (!closed) {
            tasks.addLast(task);
            notifyAll();
        }
    }

    @Override
    public Runnable later(Duration delay, Runnable task) {
        return at(delay.toNanos(), task, this::execute);
    }

    /** Has something done by somebody in so many nanoseconds. */
    synchronized Runnable at(long delay, Runnable task, Executor by) {
        Timer timer = new Timer(Math.addExact(nanos, Math.max(0, delay)), ++numbers, task, by);
        timers.add(timer);
        return () -> cancel(timer);
    }

    private synchronized void cancel(Timer timer) {
        timer.cancelled = true;
        timers.remove(timer);
    }

    /** Lets time pass, and all that is due happen in its order. */
    void advance(Duration duration) {
        long target;
        synchronized (this) {
            target = Math.addExact(nanos, duration.toNanos());
        }
        while (step(target)) {
            // What a timer has led to may have timers of its own.
        }
        rest();
    }

    /** Moves the clock until the condition holds, at most so far; whether it does. */
    boolean advanceUntil(BooleanSupplier condition, Duration atMost) {
        long target;
        synchronized (this) {
            target = Math.addExact(nanos, atMost.toNanos());
        }
        rest();
        while (!condition.getAsBoolean()) {
            if (!step(target)) {
                return condition.getAsBoolean();
            }
            rest();
        }
        return true;
    }

    boolean advanceUntilSettled(CompletionStage<?> stage, Duration atMost) {
        return advanceUntil(() -> stage.toCompletableFuture().isDone(), atMost);
    }

    /** When nothing is left to do, has the next timers go off, those of one instant, or the clock go to the target if there are none before it. */
    private boolean step(long target) {
        rest();
        synchronized (this) {
            Timer next = timers.peek();
            if (next == null || next.at() > target) {
                nanos = Math.max(nanos, target);
                return false;
            }
            nanos = next.at();
            while (!timers.isEmpty() && timers.peek().at() == nanos) {
                timers.remove().goOff();
            }
        }
        return true;
    }

    @Override
    public boolean isOwnThread() {
        return Thread.currentThread() == thread;
    }

    /** Waits until nothing is left to do now. */
    void rest() {
        if (isOwnThread()) {
            throw new IllegalStateException(
                    "the test kit's own thread, on which actors and streams run, cannot wait for them:"
                            + " move time from the test's thread");
        }
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        long before;
        do {
            before = awaitIdle(end);
            awaitHelpers();
        } while (awaitIdle(end) != before);
    }

    /** Waits for this thread; gives how much it has done so far. */
    private synchronized long awaitIdle(long end) {
        while (busy || !tasks.isEmpty()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new AssertionError("no rest within a minute: something blocks the test kit's thread,"
                        + " or goes round without waiting for anything");
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        return done;
    }

    /**
     * What follows the end of a Scala future, a stream's value say, runs on threads of the JDK: its common pool, or where that has a single one, a thread each, which belongs
     * to the group of whom it was made by.
     */
    private void awaitHelpers() {
        // Other tests may keep the pool busy for longer, and its threads stay.
        ForkJoinPool.commonPool().awaitQuiescence(POOL_MILLIS, TimeUnit.MILLISECONDS);
        Thread[] helpers = new Thread[group.activeCount() + 1];
        for (int i = group.enumerate(helpers) - 1; i >= 0; i--) {
            if (helpers[i] != thread && !(helpers[i] instanceof ForkJoinWorkerThread)) {
                try {
                    helpers[i].join(HELPERS_MILLIS);
                } catch (InterruptedException e) {
                    throw interrupted(e);
                }
            }
        }
    }

    private static AssertionError interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new AssertionError("interrupted while waiting for the test kit's thread", e);
    }

    @Override
    public void close() {
        ALL.remove(id);
        synchronized (this) {
            closed = true;
            timers.clear();
            notifyAll();
        }
    }
}
