package vmette.vsock;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import vmette.linux.Epoll;
import vmette.linux.ReadinessLoop.Ready;

/** The descriptors that a loop waits for, and what happens when they are readable. Belongs to the loop's thread. */
class WatchTable implements AutoCloseable {
    private static final int MAX_EVENTS = 64;

    private record Watch(long token, Ready ready) {}

    private final Epoll epoll = new Epoll(MAX_EVENTS);
    private final Map<Integer, Watch> byFd = new HashMap<>();
    private final Map<Long, Watch> byToken = new HashMap<>();
    private long nextToken;
    private boolean closed;

    void add(int fd, Ready ready) {
        if (closed) {
            throw new IllegalStateException("the device loop has ended");
        }
        // the token tells a number used again from the one an event was reported for
        Watch watch = new Watch(nextToken++, ready);
        epoll.add(fd, Epoll.IN, watch.token);
        byFd.put(fd, watch);
        byToken.put(watch.token, watch);
    }

    void remove(int fd) {
        Watch watch = byFd.remove(fd);
        if (watch != null) {
            byToken.remove(watch.token);
            if (!closed) {
                epoll.remove(fd);
            }
        }
    }

    /** Waits as {@link Epoll#await} does. */
    int await(Duration timeout) {
        return epoll.await(timeout);
    }

    /** Calls back for the events of the last {@link #await}. */
    void report(int events) {
        for (int i = 0; i < events; i++) {
            Watch watch = byToken.get(epoll.token(i));
            if (watch != null) {
                watch.ready.onReady();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        epoll.close();
    }
}
