package vmette.snapshot;

import java.util.function.Supplier;
import vmette.errors.SaveFailedException;

/**
 * What takes as long as a disk is large, by one thread at a time, and is of no use once its VM has ended: the thread is interrupted while it is at it, and never before
 * or after, when an interrupt would close files that others use too.
 */
final class LongWork {
    private final String message;
    private Thread working;
    private boolean over;

    /** @param message of the failure that the work ends with */
    LongWork(String message) {
        this.message = message;
    }

    /** Ends it, begun or not. */
    synchronized void end() {
        over = true;
        if (working != null) {
            working.interrupt();
        }
    }

    /**
     * Works.
     *
     * @throws SaveFailedException if it was ended before it failed or could begin; what was done all the same is returned
     */
    <T> T during(Supplier<T> work) {
        begin();
        try {
            return work.get();
        } catch (RuntimeException e) {
            if (isOver()) {
                throw new SaveFailedException(message, e);
            }
            throw e;
        } finally {
            done();
        }
    }

    private synchronized boolean isOver() {
        return over;
    }

    private synchronized void begin() {
        if (over) {
            throw new SaveFailedException(message, null);
        }
        working = Thread.currentThread();
    }

    private synchronized void done() {
        working = null;
        if (over) {
            Thread.interrupted();
        }
    }
}
