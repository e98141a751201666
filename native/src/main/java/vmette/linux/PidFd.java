package vmette.linux;

import java.util.Optional;

/**
 * A descriptor of one process, pidfd_open(2): it names that process for as long as it is open, whoever is given the pid later. Owns the
 * descriptor. Needs Linux 5.3.
 */
public final class PidFd implements AutoCloseable {
    // The same number on every architecture, include/uapi/asm-generic/unistd.h.
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final int SIGKILL = 9;

    private final OwnedFd fd;

    private PidFd(OwnedFd fd) {
        this.fd = fd;
    }

    /**
     * Opens the process that has this pid now.
     *
     * @return owned by the caller; empty: there is none
     * @throws LinuxException if the kernel, or whoever filters its calls, has no such call: ENOSYS, EPERM
     */
    public static Optional<PidFd> open(long pid) {
        long fd = LibC.syscall(PIDFD_OPEN, pid, 0, 0, 0);
        if (fd >= 0) {
            return Optional.of(new PidFd(new OwnedFd((int) fd)));
        }
        int errno = LibC.errno();
        if (errno == Errno.ESRCH || errno == Errno.EINVAL) {
            // EINVAL: a thread that does not lead its process, pidfd_open(2).
            return Optional.empty();
        }
        throw new LinuxException("pidfd_open " + pid, errno);
    }

    /**
     * Kills it, pidfd_send_signal(2).
     *
     * @return false if it had ended before
     * @throws LinuxException if we may not
     */
    public boolean kill() {
        if (LibC.syscall(PIDFD_SEND_SIGNAL, fd.fd(), SIGKILL, 0, 0) == 0) {
            return true;
        }
        int errno = LibC.errno();
        if (errno == Errno.ESRCH) {
            return false;
        }
        throw new LinuxException("pidfd_send_signal", errno);
    }

    @Override
    public void close() {
        fd.close();
    }
}
