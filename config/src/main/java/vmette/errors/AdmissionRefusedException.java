package vmette.errors;

/** A VM was not launched since the host has too much to do already: nothing was started, trying later may help ({@link Status#IO}). */
public final class AdmissionRefusedException extends VmetteException {
    private static final long serialVersionUID = 1L;

    /** @param message what is full, and what to do */
    public AdmissionRefusedException(String message) {
        super(Status.IO, message, null);
    }
}
