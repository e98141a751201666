package vmette.rootfs.providers;

import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import vmette.errors.VmetteIoException;

/** Long work ends when its thread is interrupted. The thread stays interrupted. */
final class Interrupts {
    private Interrupts() {}

    /** @throws VmetteIoException if this thread is interrupted */
    static void check(String doing) {
        if (Thread.currentThread().isInterrupted()) {
            throw new VmetteIoException("interrupted while " + doing);
        }
    }

    /** Of a failure, whether it is an interrupt's. */
    static void check(String doing, Exception failure) {
        boolean interrupt = failure instanceof InterruptedIOException
                || failure instanceof ClosedByInterruptException
                || failure instanceof InterruptedException;
        if (interrupt || Thread.currentThread().isInterrupted()) {
            Thread.currentThread().interrupt();
            throw new VmetteIoException("interrupted while " + doing, failure);
        }
    }
}
