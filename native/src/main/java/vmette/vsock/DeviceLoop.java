package vmette.vsock;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.linux.ReadinessLoop;

/**
 * One thread that serves many devices: it waits for descriptors, tasks and expiries, and does not wake up for anything
 * else. One turn takes what is ready, runs the tasks that came, then what is due, then what was deferred.
 *
 * <p>{@link #start} gives it a daemon thread of its own; a test calls {@link #doWork} instead. Methods of {@link
 * ReadinessLoop} belong to the loop's thread, the others may be called from any.
 */
public final class DeviceLoop implements ReadinessLoop, Executor, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceLoop.class);
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static final Duration FOREVER = Duration.ofSeconds(-1);
    private static final int MAX_TASKS_PER_TURN = 1024;

    /** Who wants to know when the loop ends. */
    @FunctionalInterface
    interface Member {
        /** Called on the loop's thread, once; descriptors can still be unwatched. */
        void loopEnded(String reason);
    }

    private final Consumer<Throwable> onFailure;
    private final WatchTable watches;
    private final TaskQueue tasks = new TaskQueue();
    private final ArrayDeque<Runnable> deferred = new ArrayDeque<>();
    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private final ExpiryQueue expiries;
    private final Object afterlife = new Object();
    private final Object lifecycle = new Object();

    private volatile Thread thread;
    private boolean closed;
    private volatile boolean closing;
    private volatile boolean ended;
    private volatile boolean failed;
    private volatile Thread owner;

    /**
     * Opens an epoll and an event descriptor, which {@link #close} closes.
     *
     * @param nanos monotonic clock, in nanoseconds of any origin; {@code System::nanoTime} but in tests
     * @param onFailure told, on the loop's thread, what ended the loop if that was not {@link #close}; its devices have been
     *     closed before
     */
    public DeviceLoop(LongSupplier nanos, Consumer<Throwable> onFailure) {
        this(nanos, onFailure, new WatchTable());
    }

    DeviceLoop(LongSupplier nanos, Consumer<Throwable> onFailure, WatchTable watches) {
        this.onFailure = Objects.requireNonNull(onFailure, "onFailure");
        this.expiries = new ExpiryQueue(Objects.requireNonNull(nanos, "nanos"));
        this.watches = watches;
        watches.add(tasks.fd(), tasks::drainWakes);
    }

    /** Starts the thread, named {@code vmette-device-loop-N}. Idempotent; without effect after {@link #close}. */
    public void start() {
        synchronized (lifecycle) {
            if (thread == null && !closed) {
                thread = new Thread(this::run, "vmette-device-loop-" + NUMBERS.incrementAndGet());
                thread.setDaemon(true);
                owner = thread;
                thread.start();
            }
        }
    }

    private void run() {
        try {
            while (!closing) {
                turn(FOREVER);
            }
            end("the device loop was closed");
        } catch (Throwable failure) {
            failed = true;
            LOG.error("the device loop failed", failure);
            end("the device loop failed: " + failure);
            onFailure.accept(failure);
        }
    }

    /**
     * One turn on the calling thread, for a loop that was not started.
     *
     * @param maxWait the longest wait for something to do; negative: without limit
     * @return whether there was anything to do; false once the loop has ended
     */
    public boolean doWork(Duration maxWait) {
        if (thread != null) {
            throw new IllegalStateException("the loop has a thread of its own");
        }
        if (ended) {
            return false;
        }
        owner = Thread.currentThread();
        try {
            return turn(maxWait);
        } finally {
            owner = null;
        }
    }

    private boolean turn(Duration maxWait) {
        int events = watches.await(sleepiness(maxWait));
        tasks.awake();
        watches.report(events);
        boolean worked = runTasks();
        worked |= expiries.runDue();
        worked |= runDeferred();
        return worked || events > 0;
    }

    private Duration sleepiness(Duration maxWait) {
        if (!deferred.isEmpty() || maxWait.isZero()) {
            return Duration.ZERO;
        }
        if (!tasks.fallAsleep() || closing) {
            return Duration.ZERO;
        }
        OptionalLong next = expiries.untilNext();
        if (next.isEmpty()) {
            return maxWait;
        }
        Duration untilNext = Duration.ofNanos(next.getAsLong());
        return maxWait.isNegative() || untilNext.compareTo(maxWait) < 0 ? untilNext : maxWait;
    }

    private boolean runTasks() {
        int done = 0;
        while (done < MAX_TASKS_PER_TURN) {
            Runnable task = tasks.poll();
            if (task == null) {
                break;
            }
            task.run();
            done++;
        }
        return done > 0;
    }

    private boolean runDeferred() {
        // only what is there now: what is deferred meanwhile has its turn after everybody else's descriptors
        int count = deferred.size();
        for (int i = 0; i < count; i++) {
            deferred.removeFirst().run();
        }
        return count > 0;
    }

    /** Whether it ended otherwise than by {@link #close}. Known before its devices hear of it. */
    boolean hasFailed() {
        return failed;
    }

    /** Whether the calling thread is the loop's. */
    public boolean inLoop() {
        return Thread.currentThread() == owner;
    }

    /**
     * Runs a task on the loop's thread: at once if that is the calling thread, else in the order of the calls. What a task
     * throws ends the loop. Once the loop has ended, tasks run on the calling thread, one at a time.
     */
    @Override
    public void execute(Runnable task) {
        if (inLoop()) {
            task.run();
            return;
        }
        tasks.add(task);
        if (ended) {
            runLeftTasks();
        }
    }

    /** Runs a task at the end of this turn or the next; on the loop's thread only. */
    void defer(Runnable task) {
        deferred.addLast(task);
    }

    ExpiryTimer timer() {
        return expiries;
    }

    /** Adds one to be told of the loop's end; from any thread. */
    void join(Member member) {
        members.add(member);
        if (ended) {
            runLeftTasks();
        }
    }

    void leave(Member member) {
        members.remove(member);
    }

    @Override
    public void watch(int fd, Ready ready) {
        watches.add(fd, ready);
    }

    @Override
    public void unwatch(int fd) {
        watches.remove(fd);
    }

    /**
     * Ends the loop and closes the devices it serves, and waits until that is done (not if called on the loop's thread).
     * Idempotent.
     */
    @Override
    public void close() {
        Thread running;
        synchronized (lifecycle) {
            running = thread;
            if (running == null && !closed) {
                owner = Thread.currentThread();
                try {
                    end("the device loop was closed");
                } finally {
                    owner = null;
                }
            }
            closed = true;
        }
        closing = true;
        if (running != null && running != Thread.currentThread()) {
            tasks.wake();
            joinThread(running);
        }
    }

    private static void joinThread(Thread running) {
        boolean interrupted = false;
        while (true) {
            try {
                running.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Runs on the loop's thread. */
    private void end(String reason) {
        tellMembers(reason);
        tasks.close();
        watches.close();
        ended = true;
        runLeftTasks();
    }

    private void tellMembers(String reason) {
        for (Member member : Set.copyOf(members)) {
            members.remove(member);
            try {
                member.loopEnded(reason);
            } catch (Throwable failure) {
                LOG.error("a device failed while the loop ended", failure);
            }
        }
    }

    private void runLeftTasks() {
        synchronized (afterlife) {
            Thread before = owner;
            owner = Thread.currentThread();
            try {
                tellMembers("the device loop has ended");
                Runnable task;
                while ((task = tasks.poll()) != null || (task = deferred.pollFirst()) != null) {
                    runLast(task);
                }
            } finally {
                owner = before == Thread.currentThread() ? before : null;
            }
        }
    }

    private static void runLast(Runnable task) {
        try {
            task.run();
        } catch (Throwable failure) {
            LOG.error("a task failed after the device loop ended", failure);
        }
    }
}
