package vmette.qemu;

import java.io.IOException;

/** The peer on the QMP socket does not speak QMP. */
final class QmpProtocolException extends IOException {
    private static final long serialVersionUID = 1L;

    QmpProtocolException(String message) {
        super(message);
    }

    QmpProtocolException(String message, Throwable cause) {
        super(message, cause);
    }
}
