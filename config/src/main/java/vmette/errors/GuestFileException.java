package vmette.errors;

/** An operation on a guest's files failed in the guest ({@link Status#IO}). */
public final class GuestFileException extends VmetteIoException {
    private static final long serialVersionUID = 1L;

    private final String operation;
    private final String path;
    private final int errno;
    private final String reason;

    /**
     * @param message what, where, why, and what to do
     * @param operation what was to be done, such as {@code read}
     * @param path the path it was asked for
     * @param errno the guest's, as in errno(3) on x86-64; 0 if the reason is none of them
     * @param reason its symbol, such as {@code ENOENT}; for what is no errno a word of the guest protocol, such as {@code BAD_ARCHIVE}
     */
    public GuestFileException(String message, String operation, String path, int errno, String reason) {
        super(message);
        this.operation = operation;
        this.path = path;
        this.errno = errno;
        this.reason = reason;
    }

    /** What was to be done, such as {@code read}. */
    public String operation() {
        return operation;
    }

    /** The path that the operation was asked for; a tree's failure may lie beneath it, as the message says. */
    public String path() {
        return path;
    }

    /** The number of errno(3), 1 to 133, or 0 if the reason is none of them. */
    public int errno() {
        return errno;
    }

    /** The symbol: {@code ENOENT}, or what stands in its place if {@link #errno()} is 0. */
    public String reason() {
        return reason;
    }
}
