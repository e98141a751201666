package vmette.vhostuser;

/** The front-end sent what this back-end refuses: against the protocol, or not offered. */
final class VhostUserException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    VhostUserException(String message) {
        super(message);
    }
}
