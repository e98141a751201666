package vmette.testkit;

import akka.actor.AbstractScheduler;
import akka.actor.Cancellable;
import akka.event.LoggingAdapter;
import com.typesafe.config.Config;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import scala.concurrent.ExecutionContext;
import scala.concurrent.duration.FiniteDuration;

/** Akka's scheduler over {@link VirtualTime}; Akka makes it, by its name. */
final class VirtualScheduler extends AbstractScheduler {
    static final String ID = "vmette-testkit.time";

    private static final double PER_SECOND = 1e9;

    private enum State {
        WAITING,
        CANCELLED,
        DONE
    }

    private final VirtualTime time;

    /** As Akka calls it. */
    VirtualScheduler(Config config, LoggingAdapter log, ThreadFactory threads) {
        this.time = VirtualTime.of(config.getString(ID));
    }

    @Override
    public Cancellable scheduleOnce(FiniteDuration delay, Runnable task, ExecutionContext by) {
        Once once = new Once();
        once.taking = time.at(delay.toNanos(), () -> once.run(task), by::execute);
        return once;
    }

    /** Of an outdated name, and what the others lead to. */
    @Override
    @SuppressWarnings("deprecation")
    public Cancellable schedule(FiniteDuration delay, FiniteDuration interval, Runnable task, ExecutionContext by) {
        Repeated repeated = new Repeated(interval.toNanos(), task, by);
        repeated.again(delay.toNanos());
        return repeated;
    }

    @Override
    public double maxFrequency() {
        return PER_SECOND;
    }

    private static final class Once implements Cancellable {
        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
        private volatile Runnable taking = () -> {};

        void run(Runnable task) {
            if (state.compareAndSet(State.WAITING, State.DONE)) {
                task.run();
            }
        }

        @Override
        public boolean cancel() {
            boolean first = state.compareAndSet(State.WAITING, State.CANCELLED);
            if (first) {
                taking.run();
            }
            return first;
        }

        @Override
        public boolean isCancelled() {
            return state.get() == State.CANCELLED;
        }
    }

    private final class Repeated implements Cancellable {
        private final long interval;
        private final Runnable task;
        private final ExecutionContext by;
        private volatile Runnable taking = () -> {};
        private volatile boolean cancelled;

        Repeated(long interval, Runnable task, ExecutionContext by) {
            this.interval = interval;
            this.task = task;
            this.by = by;
        }

        void again(long delay) {
            taking = time.at(delay, this::run, by::execute);
        }

        private void run() {
            if (!cancelled) {
                again(interval);
                task.run();
            }
        }

        @Override
        public synchronized boolean cancel() {
            boolean first = !cancelled;
            cancelled = true;
            taking.run();
            return first;
        }

        @Override
        public boolean isCancelled() {
            return cancelled;
        }
    }
}
