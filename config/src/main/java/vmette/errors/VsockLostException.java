package vmette.errors;

/** The VM was lost because what leads to its guest was: the vsock device was broken by it, or the agent's connection ended ({@link Status#VSOCK}). */
public final class VsockLostException extends VmLostException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VsockLostException(String message) {
        super(Status.VSOCK, message, null);
    }
}
