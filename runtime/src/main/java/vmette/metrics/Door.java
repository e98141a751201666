package vmette.metrics;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a few connections in at a time. One that takes too long is closed, and so is the oldest where one more comes than there may be: whoever says what he wants is
 * served at once, and any user of the host may come and say nothing. Thread-safe.
 */
final class Door implements AutoCloseable {
    /** At a time: a descriptor and a thread each. */
    static final int MOST = 16;

    private static final Logger LOG = LoggerFactory.getLogger(Door.class);
    private static final long RETRY_NANOS = 100_000_000;

    private final ServerSocket listener;
    private final long patienceMillis;
    private final Visitor visitor;
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor clock;
    // Those that were closed for others included, until they have noticed.
    private final Semaphore places = new Semaphore(2 * MOST);
    private final Set<Socket> inside = new LinkedHashSet<>();

    /** What is done with a connection; it is closed after that. */
    interface Visitor {
        void serve(Socket socket) throws IOException;
    }

    /**
     * Opens it.
     *
     * @param port 0: any that is free
     */
    Door(InetAddress address, int port, long patienceMillis, Visitor visitor) throws IOException {
        this.listener = new ServerSocket(port, MOST, address);
        this.patienceMillis = patienceMillis;
        this.visitor = visitor;
        this.threads =
                new ThreadPoolExecutor(MOST, MOST, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), Door::thread);
        threads.allowCoreThreadTimeOut(true);
        this.clock = new ScheduledThreadPoolExecutor(1, Door::thread);
        clock.setRemoveOnCancelPolicy(true);
        thread(this::accept).start();
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "vmette-metrics");
        thread.setDaemon(true);
        return thread;
    }

    int port() {
        return listener.getLocalPort();
    }

    private void accept() {
        while (!listener.isClosed()) {
            places.acquireUninterruptibly();
            try {
                letIn(listener.accept());
            } catch (IOException | RejectedExecutionException e) {
                places.release();
                if (!listener.isClosed()) {
                    LOG.warn("the port of the meters did not accept a connection: {}", e.toString());
                    // For want of descriptors, say, which lasts a while.
                    LockSupport.parkNanos(RETRY_NANOS);
                }
            }
        }
    }

    private void letIn(Socket socket) {
        try {
            synchronized (inside) {
                if (inside.size() == MOST) {
                    Iterator<Socket> oldest = inside.iterator();
                    close(oldest.next());
                    oldest.remove();
                }
                inside.add(socket);
            }
            ScheduledFuture<?> late = clock.schedule(() -> close(socket), patienceMillis, TimeUnit.MILLISECONDS);
            threads.execute(() -> serve(socket, late));
        } catch (RejectedExecutionException closed) {
            close(socket);
            throw closed;
        }
    }

    private void serve(Socket socket, ScheduledFuture<?> late) {
        try (socket) {
            visitor.serve(socket);
        } catch (IOException gone) {
            // Whoever it was has left, or was too slow.
        } finally {
            late.cancel(false);
            synchronized (inside) {
                inside.remove(socket);
            }
            places.release();
        }
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing can be done, and nothing is held.
        }
    }

    /** Lets nobody in any more, and puts out who is there. Idempotent. */
    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            LOG.debug("the port of the meters did not close: {}", e.toString());
        }
        threads.shutdown();
        clock.shutdownNow();
        synchronized (inside) {
            inside.forEach(Door::close);
        }
        places.release();
    }
}
