package vmette.errors;

/** A request was refused because too many wait already: nothing was started, trying later may help ({@link Status#IO}). */
public final class VmBusyException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what is full, and what to do */
    public VmBusyException(String message) {
        super(Status.IO, message, null);
    }
}
