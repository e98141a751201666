package vmette.errors;

/**
 * An archive or image is no root file system: damaged, hostile, of a kind that is not understood, or larger than allowed
 * ({@link Status#INVALID_CONFIG}). Nothing has been started, and nothing of it is kept.
 */
public class BadImageException extends InvalidConfigException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public BadImageException(String message) {
        this(message, null);
    }

    /**
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    public BadImageException(String message, Throwable cause) {
        super(message, cause);
    }
}
