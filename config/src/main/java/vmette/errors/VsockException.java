package vmette.errors;

/** A vsock connection could not be made or was lost ({@link Status#VSOCK}). */
public class VsockException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VsockException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public VsockException(String message, Throwable cause) {
        super(Status.VSOCK, message, cause);
    }
}
