package vmette.vsock;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;

/** The host's end as clients see it: checks what they say and takes it to the loop. */
final class DeviceHost implements VsockHost {
    private final VsockMuxer muxer;
    private final Executor loop;

    DeviceHost(VsockMuxer muxer, Executor loop) {
        this.muxer = muxer;
        this.loop = loop;
    }

    @Override
    public VsockCounts counts() {
        return muxer.counts();
    }

    @Override
    public Listener listen(int port, int backlog, Acceptor acceptor) {
        return listen(VsockType.STREAM, port, backlog, acceptor);
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        connect(VsockType.STREAM, port, timeout, handler);
    }

    @Override
    public Listener listen(VsockType type, int port, int backlog, Acceptor acceptor) {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(acceptor, "acceptor");
        if (port < 0) {
            throw new IllegalArgumentException(
                    "a host port to listen on must be from 0 to 2147483647, not " + Integer.toUnsignedString(port));
        }
        if (backlog < 1) {
            throw new IllegalArgumentException("a backlog must be at least 1, not " + backlog);
        }
        return muxer.listeners().listen(type, port, backlog, acceptor);
    }

    @Override
    public void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(handler, "handler");
        if (port == 0 || port == -1) {
            throw new IllegalArgumentException(
                    "a guest port must be from 1 to 4294967294, not " + Integer.toUnsignedString(port));
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("a timeout must be positive, not " + timeout);
        }
        loop.execute(() -> muxer.connect(type, port, timeout, handler));
    }

    @Override
    public void belongsTo(String guest) {
        Objects.requireNonNull(guest, "guest");
        loop.execute(() -> muxer.belongsTo(guest));
    }
}
