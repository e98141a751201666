package vmette.errors;

/** What a VM was asked for is something that its monitor does not have ({@link Status#INVALID_CONFIG}). */
public final class NotSupportedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public NotSupportedException(String message) {
        super(Status.INVALID_CONFIG, message, null);
    }
}
