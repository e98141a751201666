package vmette.linux;

/**
 * A file descriptor with one owner, who closes it once; closing again does nothing, using it after is an error. Not
 * thread-safe, but {@link #close} may race with itself.
 */
public final class OwnedFd implements AutoCloseable {
    private static final java.lang.invoke.VarHandle FD;

    static {
        try {
            FD = java.lang.invoke.MethodHandles.lookup().findVarHandle(OwnedFd.class, "fd", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private volatile int fd;

    /**
     * Takes over a descriptor.
     *
     * @param fd open, owned by nobody else from now on
     */
    public OwnedFd(int fd) {
        if (fd < 0) {
            throw new IllegalArgumentException("not a descriptor: " + fd);
        }
        this.fd = fd;
    }

    /**
     * The number, for a call; the ownership stays here.
     *
     * @throws IllegalStateException if closed
     */
    public int fd() {
        int current = fd;
        if (current < 0) {
            throw new IllegalStateException("descriptor used after close");
        }
        return current;
    }

    /** Whether {@link #close} was called. */
    public boolean isClosed() {
        return fd < 0;
    }

    /** Closes it, close(2). Idempotent. Errors are not reported: on Linux the descriptor is gone whatever close says. */
    @Override
    public void close() {
        int current = (int) FD.getAndSet(this, -1);
        if (current >= 0) {
            LibC.close(current);
        }
    }

    @Override
    public String toString() {
        return "fd " + fd;
    }
}
