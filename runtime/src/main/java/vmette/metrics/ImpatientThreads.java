package vmette.metrics;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A few threads, each of which is interrupted when what it does takes too long: that closes the connection it reads from. Else any local user could keep
 * them all by saying nothing.
 */
final class ImpatientThreads implements Executor, AutoCloseable {
    private static final int MOST = 4;

    private final long patienceMillis;
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor clock;

    ImpatientThreads(long patienceMillis) {
        this.patienceMillis = patienceMillis;
        this.threads =
                new ThreadPoolExecutor(MOST, MOST, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), this::thread);
        threads.allowCoreThreadTimeOut(true);
        this.clock = new ScheduledThreadPoolExecutor(1, this::thread);
        clock.setRemoveOnCancelPolicy(true);
    }

    private Thread thread(Runnable task) {
        Thread thread = new Thread(task, "vmette-metrics");
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public void execute(Runnable task) {
        try {
            threads.execute(() -> {
                Turn turn = new Turn(Thread.currentThread());
                ScheduledFuture<?> late = clock.schedule(turn::late, patienceMillis, TimeUnit.MILLISECONDS);
                try {
                    task.run();
                } finally {
                    late.cancel(false);
                    turn.over();
                }
            });
        } catch (RejectedExecutionException closed) {
            // The server has been stopped, and its connections are closed.
        }
    }

    /** So that an interrupt never hits what the thread does next. */
    private static final class Turn {
        private final Thread thread;
        private boolean over;

        Turn(Thread thread) {
            this.thread = thread;
        }

        synchronized void late() {
            if (!over) {
                thread.interrupt();
            }
        }

        synchronized void over() {
            over = true;
            Thread.interrupted();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        clock.shutdownNow();
    }
}
