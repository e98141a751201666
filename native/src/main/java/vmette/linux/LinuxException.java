package vmette.linux;

/** A system call failed. Internal to the machine side: what reaches a user is a {@code VmetteException} around it. */
public final class LinuxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String syscall;
    private final int errno;

    /**
     * @param syscall name of the call, with its object where that helps ({@code bind /run/x.sock})
     * @param errno the kernel's answer, see {@link Errno}
     */
    public LinuxException(String syscall, int errno) {
        super(syscall + ": " + Errno.strerror(errno) + " (" + Errno.name(errno) + ")");
        this.syscall = syscall;
        this.errno = errno;
    }

    /** Name of the call that failed. */
    public String syscall() {
        return syscall;
    }

    /** The kernel's answer, see {@link Errno}. */
    public int errno() {
        return errno;
    }
}
