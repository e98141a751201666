package vmette.errors;

/** No TCP connection could be made to a port of the guest ({@link Status#VSOCK}); nobody listens there, most often. */
public final class GuestConnectException extends VsockException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param errno the guest's reason, as connect(2) gives it; at least 1
     * @param message which port of which VM, why, and what to do
     */
    public GuestConnectException(int errno, String message) {
        super(message);
        this.errno = errno;
    }

    /** The guest's reason, as connect(2) gives it: 111, ECONNREFUSED, where nobody listens. */
    public int errno() {
        return errno;
    }
}
