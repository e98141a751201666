package vmette;

import akka.actor.Cancellable;
import akka.actor.typed.ActorSystem;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.RejectedExecutionException;
import vmette.pool.PoolTime;

/** Time by a clock, and the threads and timers of an ActorSystem. */
record SystemPoolTime(ActorSystem<?> system, InstantSource clock) implements PoolTime {
    /** What Akka's scheduler can wait for; who is woken too early goes to sleep again. */
    private static final Duration LONGEST = Duration.ofDays(248);

    /** The wall clock as it was at first, and from then on time as it passes. */
    static InstantSource steady() {
        Instant start = Instant.now();
        long startNanos = System.nanoTime();
        return () -> start.plusNanos(System.nanoTime() - startNanos);
    }

    @Override
    public Instant now() {
        return clock.instant();
    }

    @Override
    public void execute(Runnable task) {
        try {
            system.executionContext().execute(task);
        } catch (RejectedExecutionException terminated) {
            // It is to be known that nothing comes any more.
            task.run();
        }
    }

    @Override
    public Runnable later(Duration delay, Runnable task) {
        Duration wait = delay.compareTo(LONGEST) > 0 ? LONGEST : delay;
        try {
            Cancellable timer = system.scheduler().scheduleOnce(wait, task, system.executionContext());
            return timer::cancel;
        } catch (IllegalStateException terminated) {
            // The pool is closed, or soon will be.
            return () -> {};
        }
    }
}
