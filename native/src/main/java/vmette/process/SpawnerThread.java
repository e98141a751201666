package vmette.process;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that spawns. The kernel kills its children when it ends, so that nothing a task throws may end it; an
 * executor would replace it quietly.
 */
final class SpawnerThread {
    private static final Logger log = LoggerFactory.getLogger(SpawnerThread.class);

    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(this::run, "vmette-spawner");
    private boolean stopping;
    private boolean ended;

    SpawnerThread() {
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Queues a task; false, and it will never run, if the thread was told to stop. */
    boolean execute(Runnable task) {
        synchronized (tasks) {
            return !stopping && tasks.add(task);
        }
    }

    /** Lets the thread end, and with it all its children, after the tasks given so far; waits for that. */
    void stop(long timeoutMillis) throws InterruptedException {
        synchronized (tasks) {
            stopping = true;
            tasks.add(() -> ended = true);
        }
        thread.join(timeoutMillis);
    }

    private void run() {
        while (!ended) {
            try {
                tasks.take().run();
            } catch (InterruptedException nobodysBusiness) {
                log.warn("interrupt of the spawning thread ignored");
            } catch (Throwable e) {
                log.error("a task of the spawning thread failed", e);
            }
        }
    }
}
