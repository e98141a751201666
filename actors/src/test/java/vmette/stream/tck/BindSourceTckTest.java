package vmette.stream.tck;

import akka.stream.javadsl.Source;
import java.time.Duration;
import vmette.errors.VsockException;
import vmette.stream.Vsock;
import vmette.stream.Vsock.IncomingConnection;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** A bound port's connections, as a publisher. */
public class BindSourceTckTest extends PublisherTck<IncomingConnection> {
    private static final int BACKLOG = 4;

    @Override
    protected Source<IncomingConnection, ?> source(long elements) {
        return bound(new Dialler(elements));
    }

    @Override
    protected Source<IncomingConnection, ?> failing() {
        return bound(new Dialler(0) {
            @Override
            public synchronized Listener listen(int port, int backlog, Acceptor acceptor) {
                throw new VsockException("vsock port " + port + " is bound already");
            }
        });
    }

    /** {@link Vsock#bindSeqpacket} has the same stage. */
    private static Source<IncomingConnection, ?> bound(Dialler guest) {
        return new Vsock(guest, BACKLOG, Duration.ofMinutes(1)).bind(7000).map(guest::taken);
    }

    /** Keeps the backlog full until so many requests have been taken, then ends the listener. */
    private static class Dialler implements VsockHost {
        private final long count;
        private long asked;
        private long taken;
        private Acceptor acceptor;

        Dialler(long count) {
            this.count = count;
        }

        @Override
        public synchronized Listener listen(int port, int backlog, Acceptor accepting) {
            acceptor = accepting;
            goOn();
            return new Listener() {
                @Override
                public int port() {
                    return port;
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public void connect(int port, Duration timeout, VsockChannelHandler handler) {
            throw new VsockException("nobody accepts");
        }

        synchronized IncomingConnection taken(IncomingConnection connection) {
            taken++;
            goOn();
            return connection;
        }

        private void goOn() {
            for (; asked < count && asked - taken < BACKLOG; asked++) {
                acceptor.onRequest(new Request((int) asked));
            }
            if (taken == count) {
                acceptor.onListenerEnded();
            }
        }
    }

    private record Request(int number) implements VsockHost.IncomingRequest {
        @Override
        public VsockAddress local() {
            return new VsockAddress(VsockHost.HOST_CID, 7000);
        }

        @Override
        public VsockAddress remote() {
            return new VsockAddress(3, number);
        }

        @Override
        public void accept(VsockChannelHandler handler) {
            throw new AssertionError("nobody materialises a connection here");
        }

        @Override
        public void reject() {}
    }
}
