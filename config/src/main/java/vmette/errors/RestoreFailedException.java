package vmette.errors;

/** A VM could not be restored from a snapshot ({@link Status#RESTORE_FAILED}). */
public class RestoreFailedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public RestoreFailedException(String message, Throwable cause) {
        super(Status.RESTORE_FAILED, message, cause);
    }
}
