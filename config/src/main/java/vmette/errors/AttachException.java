package vmette.errors;

import java.util.Objects;

/** An output of a detached command cannot be attached to, or no longer ({@link Status#VSOCK}); trying again is of no use. */
public final class AttachException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        /** There is no such detached command in the VM, or it was released. */
        UNKNOWN,
        /** The output is kept nowhere: it was not wanted, or merged into the other. */
        NOT_KEPT,
        /** The offset is beyond what the command has written so far. */
        BEYOND_END,
        /** Another client has attached to the output since. */
        TAKEN_OVER,
        /** The command was released meanwhile. */
        RELEASED
    }

    private final Reason reason;

    /**
     * @param reason why
     * @param message what, where, why, and what to do
     */
    public AttachException(Reason reason, String message) {
        super(Status.VSOCK, message, null);
        this.reason = Objects.requireNonNull(reason, "reason");
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}
