package vmette.vsock;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VsockException;

/** Holds a connection's handler and calls it; what it throws stays here. After the last call there is no handler. */
final class HandlerPort {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerPort.class);

    private final String name;
    private VsockChannelHandler handler;

    /** @param name of the connection, for the log */
    HandlerPort(String name) {
        this.name = name;
    }

    /** The first and last call of a handler that gets no connection. */
    static void refuse(String name, VsockChannelHandler handler, VsockException cause) {
        HandlerPort port = new HandlerPort(name);
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

    /** @return what the handler threw, or null */
    Throwable call(Consumer<VsockChannelHandler> event) {
        try {
            event.accept(handler);
            return null;
        } catch (Throwable failure) {
            LOG.warn("{}: its handler failed", name, failure);
            return failure;
        }
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
