package vmette.errors;

/** A boot or operation deadline passed ({@link Status#TIMEOUT}). */
public class OperationTimeoutException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public OperationTimeoutException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public OperationTimeoutException(String message, Throwable cause) {
        super(Status.TIMEOUT, message, cause);
    }
}
