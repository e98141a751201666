package vmette.process;

import java.util.function.BiFunction;
import java.util.function.Supplier;
import vmette.errors.VmetteException;

/**
 * Long work of one thread that another may call off: the thread is interrupted while it does that work, and never before or after, when it has in its hands what
 * others use too and what an interrupt would close.
 */
public final class CalledOff {
    private final String message;
    private final BiFunction<String, Throwable, ? extends VmetteException> failure;
    private Thread working;
    private boolean off;

    /**
     * Work that has not begun.
     *
     * @param message of the failure that the work ends with
     * @param failure makes that, of the message and what the work itself failed with, if it did, else null
     */
    public CalledOff(String message, BiFunction<String, Throwable, ? extends VmetteException> failure) {
        this.message = message;
        this.failure = failure;
    }

    /** Calls it off, begun or not. */
    public synchronized void callOff() {
        off = true;
        if (working != null) {
            working.interrupt();
        }
    }

    /**
     * Works.
     *
     * @throws VmetteException the failure, if it was called off before it failed or could begin; what was done all the same is returned
     */
    public <T> T during(Supplier<T> work) {
        begin();
        try {
            return work.get();
        } catch (RuntimeException e) {
            if (isOff()) {
                throw failure.apply(message, e);
            }
            throw e;
        } finally {
            end();
        }
    }

    private synchronized boolean isOff() {
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

    /**
     * Goes on if it may.
     *
     * @throws VmetteException the failure, if it was called off
     */
    public synchronized void check() {
        if (off) {
            throw failure.apply(message, null);
        }
    }
}
