package vmette.errors;

/** A value the caller gave is refused ({@link Status#INVALID_CONFIG}); nothing has been started. */
public class InvalidConfigException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public InvalidConfigException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public InvalidConfigException(String message, Throwable cause) {
        super(Status.INVALID_CONFIG, message, cause);
    }
}
