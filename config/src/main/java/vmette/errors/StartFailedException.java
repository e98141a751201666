package vmette.errors;

/** The machine, the guest's agent or a command did not start ({@link Status#START_FAILED}). */
public class StartFailedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public StartFailedException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public StartFailedException(String message, Throwable cause) {
        super(Status.START_FAILED, message, cause);
    }
}
