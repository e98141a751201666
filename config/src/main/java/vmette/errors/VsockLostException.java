package vmette.errors;

/** The VM was lost because its guest broke the vsock device, or restarted the driver ({@link Status#VSOCK}). */
public final class VsockLostException extends VmLostException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VsockLostException(String message) {
        super(Status.VSOCK, message, null);
    }
}
