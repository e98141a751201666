package vmette.errors;

/** The host refused a file, a process, memory or the network ({@link Status#IO}). */
public class VmetteIoException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VmetteIoException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public VmetteIoException(String message, Throwable cause) {
        super(Status.IO, message, cause);
    }
}
