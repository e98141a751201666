package vmette.memory;

/** The process whose memory the guest's is has ended. No fault of the guest's. */
public final class GuestMemoryLostException extends GuestMemoryException {
    private static final long serialVersionUID = 1L;

    /** @param message names the process */
    public GuestMemoryLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
