package vmette.errors;

/** A connection was reset because its VM was saved, which no connection of a guest outlives: the VM goes on, and may be connected to again. */
public final class VmSavedException extends VsockResetException {
    private static final long serialVersionUID = 1L;

    /** @param message which connection, and what to do */
    public VmSavedException(String message) {
        super(message);
    }
}
