package vmette.linux;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** A {@link ReadinessLoop} that moves only when a test steps it, on the test's own thread. */
public final class StepLoop implements ReadinessLoop, AutoCloseable {
    private record Watch(long token, Ready ready) {}

    private final Epoll epoll = new Epoll(64);
    private final Map<Integer, Watch> watches = new HashMap<>();
    private long nextToken;

    @Override
    public void watch(int fd, Ready ready) {
        if (watches.containsKey(fd)) {
            throw new IllegalStateException("fd " + fd + " is watched already");
        }
        // the token tells a number used again from the one an event was reported for
        long token = nextToken++ << 32 | fd;
        epoll.add(fd, Epoll.IN, token);
        watches.put(fd, new Watch(token, ready));
    }

    @Override
    public void unwatch(int fd) {
        if (watches.remove(fd) == null) {
            throw new IllegalStateException("fd " + fd + " is not watched");
        }
        epoll.remove(fd);
    }

    /** How many descriptors are watched. */
    public int watched() {
        return watches.size();
    }

    /**
     * Waits for one round of events and handles it.
     *
     * @param max how long to wait if there is none
     * @return whether something was handled
     */
    public boolean step(Duration max) {
        int count = epoll.await(max);
        boolean handled = false;
        for (int i = 0; i < count; i++) {
            Watch watch = watches.get((int) epoll.token(i));
            if (watch != null && watch.token() == epoll.token(i)) {
                watch.ready().onReady();
                handled = true;
            }
        }
        return handled;
    }

    /** Handles all there is, without waiting; at most 10000 rounds. */
    public void drain() {
        for (int i = 0; i < 10_000; i++) {
            if (!step(Duration.ZERO)) {
                return;
            }
        }
        throw new IllegalStateException("something stays readable");
    }

    @Override
    public void close() {
        epoll.close();
    }
}
