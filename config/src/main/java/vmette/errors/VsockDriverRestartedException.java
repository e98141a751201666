package vmette.errors;

/** A connection was reset because the guest restarted its vsock driver, which no connection outlives. */
public final class VsockDriverRestartedException extends VsockResetException {
    private static final long serialVersionUID = 1L;

    /** @param message which connection */
    public VsockDriverRestartedException(String message) {
        super(message);
    }
}
