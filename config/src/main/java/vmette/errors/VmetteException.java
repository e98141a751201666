package vmette.errors;

import java.util.Objects;

/**
 * Every failure that a caller of vmette can see. The message names the thing that failed and the remedy; the cause is
 * what lies beneath, if anything does.
 */
public abstract class VmetteException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Status status;

    /**
     * @param status what kind of failure, never {@link Status#OK}
     * @param message what, where, why, and what to do
     * @param cause what lies beneath, or null
     */
    protected VmetteException(Status status, String message, Throwable cause) {
        super(Objects.requireNonNull(message, "message"), cause);
        if (status == Status.OK) {
            throw new IllegalArgumentException("a failure cannot have status OK");
        }
        this.status = status;
    }

    /** The kind of failure. */
    public final Status status() {
        return status;
    }
}
