package vmette.virtio;

/** The driver broke the rules of a virtqueue; the ring is of no use any more. */
public final class VirtqueueException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message which rule, with the values found */
    public VirtqueueException(String message) {
        super(message);
    }
}
