package vmette.control;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;

/** Closes a connection whose client has let it wait for too long. Thread-safe. */
final class Patience {
    private final Executor later;

    /** @param later runs what it is given when the patience has ended */
    Patience(Executor later) {
        this.later = later;
    }

    /**
     * Begins to wait.
     *
     * @return to be run when the client has done what it was waited for; nothing of the connection is kept after that
     */
    Runnable begin(ControlConnection connection) {
        AtomicReference<ControlConnection> waiting = new AtomicReference<>(connection);
        later.execute(() -> {
            ControlConnection late = waiting.getAndSet(null);
            if (late != null) {
                late.close();
            }
        });
        return () -> waiting.set(null);
    }
}
