package vmette.errors;

/**
 * A command's streams have ended because its VM was saved ({@link Status#VSOCK}), but not the command: it goes on in the guest, and in every clone, as a detached
 * one. What it wrote and nobody received is kept there.
 */
public final class CommandDetachedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    private final long execution;

    /**
     * @param execution by which it can be attached to
     * @param message which command, why, and what to do
     */
    public CommandDetachedException(long execution, String message) {
        super(Status.VSOCK, message, null);
        this.execution = execution;
    }

    /** By which it can be attached to. */
    public long execution() {
        return execution;
    }
}
