package vmette.errors;

/** The VM ended because its vsock device was of no use any more: its guest broke a ring, or restarted the driver ({@link Status#VSOCK}). */
public final class VsockDeviceLostException extends VmLostException {
    private static final long serialVersionUID = 1L;

    /** @param message what, where, why, and what to do */
    public VsockDeviceLostException(String message) {
        super(Status.VSOCK, message, null);
    }
}
