package vmette.control;

import vmette.errors.VmetteIoException;

/** A runtime has no VM, or no fleet, of the name that it was asked for: it has ended, or never was. */
public final class NotThereException extends VmetteIoException {
    private static final long serialVersionUID = 1L;

    NotThereException(String message) {
        super(message);
    }
}
