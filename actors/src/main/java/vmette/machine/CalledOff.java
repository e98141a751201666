package vmette.machine;

import java.util.function.Supplier;
import vmette.errors.VmLostException;

/**
 * Long work of one thread that another may call off: the thread is interrupted while it does that work, and never before or after, when it has in its hands what
 * others use too and what an interrupt would close.
 */
final class CalledOff {
    private final String message;
    private Thread working;
    private boolean off;

    /** @param message of the failure that the work ends with */
    CalledOff(String message) {
        this.message = message;
    }

    /** Calls it off, begun or not. */
    synchronized void callOff() {
        off = true;
        if (working != null) {
            working.interrupt();
        }
    }

    /**
     * Works.
     *
     * @throws VmLostException if it was called off before it failed or could begin; what was done all the same is returned
     */
    <T> T during(Supplier<T> work) {
        begin();
        try {
            return work.get();
        } catch (RuntimeException e) {
            if (isOff()) {
                throw new VmLostException(message, e);
            }
            throw e;
        } finally {
            end();
        }
    }

    synchronized boolean isOff() {
        return off;
    }

    private synchronized void begin() {
        check();
        working = Thread.currentThread();
    }

    private synchronized void end() {
        working = null;
        if (off) {
            Thread.interrupted();
        }
    }

    /** @throws VmLostException if it was called off */
    synchronized void check() {
        if (off) {
            throw new VmLostException(message);
        }
    }
}
