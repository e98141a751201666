package vmette.stream.internal;

import vmette.errors.VmetteException;
import vmette.vsock.VsockChunksHandler;

/** How a connection stage comes by its connection. */
@FunctionalInterface
public interface Opening {
    /** A stage as its opening sees it; any thread. */
    interface Opened extends VsockChunksHandler {
        /** There will be no connection, or what it leads to is lost; the last call. */
        void onFailure(VmetteException cause);
    }

    /**
     * Begins; the stage's {@code onOpen}, {@code onReset} or {@code onFailure} follows.
     *
     * @return to be run when the stage has stopped, however that was
     */
    Runnable open(Opened stage);
}
