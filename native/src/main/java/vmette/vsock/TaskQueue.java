package vmette.vsock;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import vmette.linux.EventFd;

/**
 * Tasks that other threads bring to a loop, and the descriptor that wakes it: once for all that come while it sleeps, and
 * not at all while it is awake. {@link #add} and {@link #wake} may be called by any thread, the rest by the loop's.
 */
final class TaskQueue implements AutoCloseable {
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean asleep = new AtomicBoolean();
    private final EventFd bell = EventFd.create();
    private final Object bellLock = new Object();
    private boolean closed;

    void add(Runnable task) {
        tasks.add(task);
        if (asleep.get() && asleep.compareAndSet(true, false)) {
            wake();
        }
    }

    /** Makes {@link #fd} readable, whether the loop sleeps or not. Without effect after {@link #close}. */
    void wake() {
        synchronized (bellLock) {
            // closed under the same lock: the number may belong to somebody else by then
            if (!closed) {
                bell.signal();
            }
        }
    }

    /** Readable when the loop was woken. */
    int fd() {
        return bell.fd();
    }

    /** Makes {@link #fd} unreadable again, and says how often the loop was woken since the last time. */
    long drainWakes() {
        return bell.drain();
    }

    /** Announces that the loop is about to wait; false if it must not, because there are tasks. */
    boolean fallAsleep() {
        // first the mark, then the look: a task that comes in between finds the mark and wakes us
        asleep.set(true);
        return tasks.isEmpty();
    }

    void awake() {
        asleep.set(false);
    }

    /** The next task, or null. */
    Runnable poll() {
        return tasks.poll();
    }

    @Override
    public void close() {
        synchronized (bellLock) {
            closed = true;
            bell.close();
        }
    }
}
