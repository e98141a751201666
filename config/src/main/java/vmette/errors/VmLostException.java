package vmette.errors;

/** The VM ended while something of it was in use: its incarnation is over ({@link Status#IO}). */
public class VmLostException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VmLostException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public VmLostException(String message, Throwable cause) {
        this(Status.IO, message, cause);
    }

    VmLostException(Status status, String message, Throwable cause) {
        super(status, message, cause);
    }
}
