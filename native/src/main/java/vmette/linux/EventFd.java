package vmette.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A counter in the kernel that wakes whoever polls it, eventfd(2). Owns its descriptor. {@link #signal} may be called
 * from any thread, the rest from one.
 */
public final class EventFd implements AutoCloseable {
    /** EFD_CLOEXEC, {@code include/uapi/linux/eventfd.h} (= O_CLOEXEC). */
    private static final int EFD_CLOEXEC = 02000000;

    /** EFD_NONBLOCK (= O_NONBLOCK). */
    private static final int EFD_NONBLOCK = 04000;

    /** F_GETFL and F_SETFL, {@code include/uapi/asm-generic/fcntl.h}. */
    private static final int F_GETFL = 3;

    private static final int F_SETFL = 4;

    private static final NativeBuffer ONE = one();

    private final OwnedFd fd;
    private final NativeBuffer counter = new NativeBuffer(8);

    private EventFd(OwnedFd fd) {
        this.fd = fd;
    }

    private static NativeBuffer one() {
        NativeBuffer buffer = new NativeBuffer(8);
        buffer.bytes.putLong(0, 1);
        return buffer;
    }

    /** A new one, at 0, non-blocking, closed on exec. */
    public static EventFd create() {
        return new EventFd(new OwnedFd(LibC.check("eventfd", LibC.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))));
    }

    /**
     * Takes over a descriptor received from a peer and makes it non-blocking (for the peer as well: the flag belongs to
     * the open file).
     *
     * @param received owned by the result, or closed if this throws
     * @throws LinuxException EINVAL if it is no eventfd
     */
    public static EventFd wrap(OwnedFd received) {
        try {
            String kind = Files.readSymbolicLink(Path.of("/proc/self/fd/" + received.fd()))
                    .toString();
            if (!kind.equals("anon_inode:[eventfd]")) {
                throw new LinuxException("eventfd expected, got " + kind, Errno.EINVAL);
            }
            int flags = LibC.check("fcntl F_GETFL", LibC.fcntl(received.fd(), F_GETFL, 0));
            LibC.check("fcntl F_SETFL", LibC.fcntl(received.fd(), F_SETFL, flags | EFD_NONBLOCK));
            return new EventFd(received);
        } catch (IOException e) {
            received.close();
            LinuxException failure = new LinuxException("readlink " + received, Errno.EBADF);
            failure.initCause(e);
            throw failure;
        } catch (LinuxException e) {
            received.close();
            throw e;
        }
    }

    /** Adds 1. A counter that is full already wakes its poller, so that is no error. */
    public void signal() {
        long result;
        do {
            result = LibC.write(fd.fd(), ONE.address, 8);
        } while (result < 0 && LibC.errno() == Errno.EINTR);
        if (result < 0 && LibC.errno() != Errno.EAGAIN) {
            throw new LinuxException("write eventfd", LibC.errno());
        }
    }

    /**
     * Sets it to 0 without blocking.
     *
     * @return what it held, 0 if nobody signalled
     */
    public long drain() {
        long result;
        do {
            result = LibC.read(fd.fd(), counter.address, 8);
        } while (result < 0 && LibC.errno() == Errno.EINTR);
        if (result < 0) {
            if (LibC.errno() == Errno.EAGAIN) {
                return 0;
            }
            throw new LinuxException("read eventfd", LibC.errno());
        }
        return counter.bytes.getLong(0);
    }

    /** The descriptor's number, owned by this object. */
    public int fd() {
        return fd.fd();
    }

    @Override
    public void close() {
        fd.close();
    }
}
