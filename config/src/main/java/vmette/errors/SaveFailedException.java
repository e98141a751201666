package vmette.errors;

/** A VM could not be saved to a snapshot ({@link Status#SAVE_FAILED}); it runs on. */
public final class SaveFailedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public SaveFailedException(String message, Throwable cause) {
        super(Status.SAVE_FAILED, message, cause);
    }
}
