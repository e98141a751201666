package vmette.errors;

/**
 * An established vsock connection was reset: by the peer, by the end of the VM's incarnation, or because a limit was
 * broken. Bytes in flight may be lost, as with a TCP reset.
 */
public class VsockResetException extends VsockException {
    private static final long serialVersionUID = 1L;

    /** @param message which connection, and why */
    public VsockResetException(String message) {
        super(message);
    }

    /**
     * @param message which connection, and why
     * @param cause what lies beneath, or null
     */
    public VsockResetException(String message, Throwable cause) {
        super(message, cause);
    }
}
