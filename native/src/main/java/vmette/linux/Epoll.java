package vmette.linux;

import java.time.Duration;

/**
 * Waits for many descriptors, epoll(7), level-triggered. Owns the epoll descriptor and the event buffer, not the
 * descriptors watched. One thread waits; {@link #add}, {@link #modify} and {@link #remove} may come from others.
 */
public final class Epoll implements AutoCloseable {
    /** EPOLLIN, {@code include/uapi/linux/eventpoll.h}: readable. */
    public static final int IN = 0x001;

    /** EPOLLOUT: writable. */
    public static final int OUT = 0x004;

    /** EPOLLERR: error; reported whether asked for or not. */
    public static final int ERR = 0x008;

    /** EPOLLHUP: the peer has gone; reported whether asked for or not. */
    public static final int HUP = 0x010;

    private static final int EPOLL_CLOEXEC = 02000000;
    private static final int EPOLL_CTL_ADD = 1;
    private static final int EPOLL_CTL_DEL = 2;
    private static final int EPOLL_CTL_MOD = 3;

    /** struct epoll_event is packed on x86-64 only (EPOLL_PACKED). */
    private static final boolean PACKED = "amd64".equals(System.getProperty("os.arch"));

    private static final int EVENT_SIZE = PACKED ? 12 : 16;
    private static final int DATA_OFFSET = PACKED ? 4 : 8;

    private final OwnedFd fd;
    private final NativeBuffer events;
    private final int maxEvents;

    /** @param maxEvents how many events one {@link #await} may report, 1 to 4096 */
    public Epoll(int maxEvents) {
        if (maxEvents < 1 || maxEvents > 4096) {
            throw new IllegalArgumentException("maxEvents must be 1 to 4096: " + maxEvents);
        }
        this.maxEvents = maxEvents;
        this.events = new NativeBuffer(maxEvents * EVENT_SIZE);
        this.fd = new OwnedFd(LibC.check("epoll_create1", LibC.epoll_create1(EPOLL_CLOEXEC)));
    }

    /**
     * Begins to watch, epoll_ctl(2).
     *
     * @param watched stays the caller's, who removes it before closing it
     * @param interest {@link #IN}, {@link #OUT} or both
     * @param token comes back from {@link #token} with each event
     */
    public void add(int watched, int interest, long token) {
        control(EPOLL_CTL_ADD, watched, interest, token);
    }

    /** Replaces interest and token of a watched descriptor. */
    public void modify(int watched, int interest, long token) {
        control(EPOLL_CTL_MOD, watched, interest, token);
    }

    /** Stops watching; events already reported by {@link #await} stay in its buffer. */
    public void remove(int watched) {
        control(EPOLL_CTL_DEL, watched, 0, 0);
    }

    private void control(int operation, int watched, int interest, long token) {
        NativeBuffer event = new NativeBuffer(EVENT_SIZE);
        event.bytes.putInt(0, interest).putLong(DATA_OFFSET, token);
        LibC.check("epoll_ctl", event.during(address -> LibC.epoll_ctl(fd.fd(), operation, watched, address)));
    }

    /**
     * Waits, epoll_wait(2); a signal does not end it.
     *
     * @param timeout how long at most, rounded up to milliseconds; zero polls, negative waits without limit
     * @return how many events there are, 0 at the timeout
     */
    public int await(Duration timeout) {
        if (timeout.isNegative()) {
            return await(-1, Long.MAX_VALUE);
        }
        long nanos =
                timeout.compareTo(Duration.ofDays(10)) > 0 ? Duration.ofDays(10).toNanos() : timeout.toNanos();
        return await((int) ((nanos + 999_999) / 1_000_000), System.nanoTime() + nanos);
    }

    private int await(int timeoutMillis, long deadline) {
        int left = timeoutMillis;
        while (true) {
            int count = LibC.epoll_wait(fd.fd(), events.address, maxEvents, left);
            if (count >= 0) {
                return count;
            }
            if (LibC.errno() != Errno.EINTR) {
                throw new LinuxException("epoll_wait", LibC.errno());
            }
            if (timeoutMillis >= 0) {
                left = (int) Math.max(0, (deadline - System.nanoTime() + 999_999) / 1_000_000);
            }
        }
    }

    /** The token of event {@code index} of the last {@link #await}. */
    public long token(int index) {
        return events.bytes.getLong(index * EVENT_SIZE + DATA_OFFSET);
    }

    /** What happened in event {@code index} of the last {@link #await}: a mask of the constants of this class. */
    public int events(int index) {
        return events.bytes.getInt(index * EVENT_SIZE);
    }

    @Override
    public void close() {
        fd.close();
    }
}
