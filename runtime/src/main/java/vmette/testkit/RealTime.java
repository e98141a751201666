package vmette.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Time as it passes. */
final class RealTime implements KitTime {
    private final Instant start = Instant.now();
    private final long startNanos = System.nanoTime();
    private volatile Thread own;
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(1, task -> {
        Thread one = new Thread(task, "vmette-testkit");
        one.setDaemon(true);
        this.own = one;
        return one;
    });

    RealTime() {
        thread.setRemoveOnCancelPolicy(true);
    }

    @Override
    public Instant instant() {
        return start.plusNanos(System.nanoTime() - startNanos);
    }

    @Override
    public void execute(Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException closed) {
            // Its machines are gone.
        }
    }

    @Override
    public boolean isOwnThread() {
        return Thread.currentThread() == own;
    }

    @Override
    public Runnable later(Duration delay, Runnable task) {
        try {
            Future<?> scheduled = thread.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
            return () -> scheduled.cancel(false);
        } catch (RejectedExecutionException closed) {
            return () -> {};
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
