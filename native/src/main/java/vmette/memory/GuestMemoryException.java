package vmette.memory;

/** An address that the guest or the front-end named is not in the guest's memory, or the memory is closed or refused. */
public sealed class GuestMemoryException extends RuntimeException permits GuestMemoryLostException {
    private static final long serialVersionUID = 1L;

    /** @param message names the address in hexadecimal and what was wanted there */
    public GuestMemoryException(String message) {
        super(message);
    }

    /** @param cause what the kernel said */
    public GuestMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
