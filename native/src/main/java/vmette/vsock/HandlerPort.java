package vmette.vsock;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VsockException;

/** Holds a connection's handler and calls it; what it throws goes to the connection. After the last call there is no handler. */
final class HandlerPort {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerPort.class);

    private final String name;
    private final Consumer<Throwable> onFailure;
    private VsockChannelHandler handler;

    /**
     * @param name of the connection, for the log
     * @param onFailure told what the handler threw, which has to end the connection
     */
    HandlerPort(String name, Consumer<Throwable> onFailure) {
        this.name = name;
        this.onFailure = onFailure;
    }

    /** The first and last call of a handler that gets no connection. */
    static void refuse(String name, VsockChannelHandler handler, VsockException cause) {
        HandlerPort port = new HandlerPort(name, failure -> {});
        port.attach(handler);
        port.last(h -> h.onReset(cause));
    }

    void attach(VsockChannelHandler newHandler) {
        handler = newHandler;
    }

    /** Nothing more is called. */
    void detach() {
        handler = null;
    }

    boolean attached() {
        return handler != null;
    }

    /** Whether the handler, which must be there, can be called with several chunks. */
    boolean takesChunks() {
        return handler instanceof VsockChunksHandler;
    }

    /** Calls the handler, which must be there; false if it is gone afterwards, and the connection with it. */
    boolean call(Consumer<VsockChannelHandler> event) {
        try {
            event.accept(handler);
        } catch (Throwable failure) {
            LOG.warn("{}: its handler failed", name, failure);
            onFailure.accept(failure);
        }
        return attached();
    }

    /** Makes the last call, if there is somebody to call. */
    void last(Consumer<VsockChannelHandler> event) {
        if (handler != null) {
            VsockChannelHandler receiver = handler;
            detach();
            try {
                event.accept(receiver);
            } catch (Throwable failure) {
                LOG.warn("{}: its handler failed at the end", name, failure);
            }
        }
    }
}
