package vmette.vsock;

import java.util.Objects;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A guest's request, waiting for the acceptor's answer. */
final class PendingRequest implements VsockHost.IncomingRequest {
    private static final Logger LOG = LoggerFactory.getLogger(PendingRequest.class);

    private final VsockConnection connection;
    private final ListenerTable.Entry listener;
    private final Executor loop;
    private boolean over;

    PendingRequest(VsockConnection connection, ListenerTable.Entry listener, Executor loop) {
        this.connection = connection;
        this.listener = listener;
        this.loop = loop;
    }

    /** Asks the acceptor; one that throws has said no. */
    void ask() {
        try {
            listener.acceptor().onRequest(this);
        } catch (Throwable failure) {
            LOG.warn("{}: rejected, because its acceptor failed", connection, failure);
            rejectNow();
        }
    }

    @Override
    public VsockAddress local() {
        return connection.local();
    }

    @Override
    public VsockAddress remote() {
        return connection.remote();
    }

    @Override
    public void accept(VsockChannelHandler handler) {
        Objects.requireNonNull(handler, "handler");
        loop.execute(() -> {
            if (settle()) {
                connection.accept(handler);
            } else {
                HandlerPort.refuse(toString(), handler, Failures.answeredAlready(connection));
            }
        });
    }

    @Override
    public void reject() {
        loop.execute(this::rejectNow);
    }

    private void rejectNow() {
        if (settle()) {
            connection.reject();
        }
    }

    /** The request went away unanswered. */
    void gone() {
        if (settle()) {
            try {
                listener.acceptor().onRequestGone(this);
            } catch (Throwable failure) {
                LOG.warn("{}: its acceptor failed", connection, failure);
            }
        }
    }

    private boolean settle() {
        if (over) {
            return false;
        }
        over = true;
        listener.leave();
        return true;
    }

    @Override
    public String toString() {
        return connection.toString();
    }
}
