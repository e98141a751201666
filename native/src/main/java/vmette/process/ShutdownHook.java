package vmette.process;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes something when the JVM ends in order, unless it was closed before. */
final class ShutdownHook {
    private static final Logger log = LoggerFactory.getLogger(ShutdownHook.class);

    private final Thread thread;

    /** @param close calls {@link #remove} in the end */
    ShutdownHook(Runnable close) {
        thread = new Thread(close, "vmette-shutdown");
    }

    void register() {
        Runtime.getRuntime().addShutdownHook(thread);
    }

    void remove() {
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(thread);
        } catch (IllegalStateException shuttingDown) {
            log.debug("closed while the JVM shuts down");
        }
    }
}
