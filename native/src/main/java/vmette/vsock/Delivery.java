package vmette.vsock;

import java.util.List;

/** Hands a guest's bytes and its end to the handler, as far as demand and buffer allow. */
final class Delivery {
    private final Inbound in;
    private final HandlerPort handler;
    private boolean running;

    Delivery(Inbound in, HandlerPort handler) {
        this.in = in;
        this.handler = handler;
    }

    /** Whether the handler is being called, so that this is not the place to draw consequences. */
    boolean running() {
        return running;
    }

    /** Hands over what there is. Demand that the handler renews inside a callback is met by the loop here. */
    void run() {
        if (running) {
            return;
        }
        running = true;
        try {
            while (handler.attached() && in.deliverable()) {
                byte[] chunk = in.next();
                List<byte[]> rest = handler.takesChunks() ? in.rest() : List.of();
                if (rest.isEmpty()) {
                    handler.call(h -> h.onData(chunk));
                } else {
                    rest.add(0, chunk);
                    handler.call(h -> ((VsockChunksHandler) h).onChunks(rest));
                }
            }
            if (handler.attached() && in.endDue()) {
                in.endDelivered();
                handler.call(VsockChannelHandler::onEnd);
            }
        } finally {
            running = false;
        }
    }
}
