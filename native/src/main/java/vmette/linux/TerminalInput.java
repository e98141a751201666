package vmette.linux;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/**
 * What is typed at a terminal, for a reader who can be told to leave: the key after that is not his any more. Does not own the terminal's
 * descriptor. One thread reads and closes; {@link #end} may come from any.
 */
public final class TerminalInput extends InputStream {
    private static final Duration FOR_EVER = Duration.ofSeconds(-1);
    private static final int BUFFER = 4096;
    private static final long TYPED = 1;

    private final int fd;
    private final NativeBuffer buffer = new NativeBuffer(BUFFER);
    private final Epoll epoll = new Epoll(2);
    private final EventFd wake = EventFd.create();
    private boolean ended;
    private boolean closed;

    /** @param fd a terminal's, stays the caller's */
    public TerminalInput(int fd) {
        this.fd = fd;
        epoll.add(wake.fd(), Epoll.IN, 0);
        epoll.add(fd, Epoll.IN, TYPED);
    }

    /** From now on, and at once for a reader who waits, the input is at its end. Idempotent. */
    public synchronized void end() {
        if (!ended) {
            ended = true;
            if (!closed) {
                wake.signal();
            }
        }
    }

    private synchronized boolean isEnded() {
        return ended;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    /** Waits until something is typed; the end is {@link #end}, or a terminal that was hung up. */
    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!isEnded()) {
            int events = epoll.await(FOR_EVER);
            if (isEnded()) {
                break;
            }
            for (int i = 0; i < events; i++) {
                if (epoll.token(i) == TYPED) {
                    int count = take(bytes, offset, Math.min(length, BUFFER));
                    if (count != 0) {
                        return count;
                    }
                }
            }
        }
        return -1;
    }

    /** 0: nothing was there after all; -1: the end. */
    private int take(byte[] bytes, int offset, int length) throws IOException {
        long count = LibC.read(fd, buffer.address, length);
        if (count > 0) {
            buffer.bytes.get(0, bytes, offset, (int) count);
            return (int) count;
        }
        if (count == 0) {
            return -1;
        }
        int errno = LibC.errno();
        return switch (errno) {
            case Errno.EINTR, Errno.EAGAIN -> 0;
            case Errno.EIO -> -1;
            default -> throw new IOException(new LinuxException("read terminal", errno));
        };
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            ended = true;
            epoll.close();
            wake.close();
        }
    }
}
