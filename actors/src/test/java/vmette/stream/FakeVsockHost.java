package vmette.stream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import vmette.errors.VsockException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockCounts;
import vmette.vsock.VsockHost;

/** A vsock without a guest; tests answer its dials and make the guest's requests. */
public final class FakeVsockHost implements VsockHost {
    private static final long GUEST_CID = 3;
    private static final int FREE = 50_000;

    private final BlockingQueue<Dial> dials = new LinkedBlockingQueue<>();
    private final Map<Integer, FakeListener> listeners = new ConcurrentHashMap<>();
    private final Queue<FakeChannel> channels = new ConcurrentLinkedQueue<>();
    private final AtomicInteger nextPort = new AtomicInteger(40_000);
    private volatile String guest = "";
    private volatile Supplier<VsockCounts> counts = () -> VsockCounts.NONE;

    /** What it is to say of its connections, whenever it is asked. */
    public void counts(Supplier<VsockCounts> other) {
        counts = other;
    }

    @Override
    public VsockCounts counts() {
        return counts.get();
    }

    /** Whose guest it was said to be. */
    public String guest() {
        return guest;
    }

    @Override
    public void belongsTo(String whose) {
        guest = whose;
    }

    /** A dial that waits for the guest's answer. */
    public final class Dial {
        private final int port;
        private final Duration timeout;
        private final VsockChannelHandler handler;

        Dial(int port, Duration timeout, VsockChannelHandler handler) {
            this.port = port;
            this.timeout = timeout;
            this.handler = handler;
        }

        public int port() {
            return port;
        }

        public Duration timeout() {
            return timeout;
        }

        /** The guest accepts. */
        public FakeChannel open() {
            FakeChannel channel = channel(nextPort.getAndIncrement(), port, handler);
            channel.open();
            return channel;
        }

        /** Nobody listens. */
        public void refuse() {
            handler.onReset(FakeChannel.refused("nothing accepts on guest port " + port));
        }
    }

    /** A guest's request. */
    public final class Request implements IncomingRequest {
        private final FakeListener listener;
        private final VsockAddress local;
        private final VsockAddress remote;
        private VsockChannelHandler handler;
        private boolean rejected;
        private boolean gone;

        Request(FakeListener listener) {
            this.listener = listener;
            this.local = new VsockAddress(HOST_CID, listener.port);
            this.remote = new VsockAddress(GUEST_CID, nextPort.getAndIncrement());
        }

        @Override
        public VsockAddress local() {
            return local;
        }

        @Override
        public VsockAddress remote() {
            return remote;
        }

        @Override
        public synchronized void accept(VsockChannelHandler accepting) {
            if (gone || rejected || handler != null) {
                accepting.onReset(FakeChannel.refused("the request is gone"));
                return;
            }
            listener.waiting.decrementAndGet();
            handler = accepting;
            notifyAll();
        }

        @Override
        public synchronized void reject() {
            if (!gone && !rejected && handler == null) {
                listener.waiting.decrementAndGet();
                rejected = true;
                notifyAll();
            }
        }

        /** Waits until it is accepted and establishes the connection. */
        public FakeChannel established() {
            Await.monitor(this, "an accepted request", () -> handler != null);
            FakeChannel channel = channel(local.port(), remote.port(), handler);
            channel.open();
            return channel;
        }

        public void awaitRejected() {
            Await.monitor(this, "a rejected request", () -> rejected);
        }

        public synchronized boolean answered() {
            return rejected || handler != null;
        }

        /** The guest gives up. */
        public void goAway() {
            synchronized (this) {
                gone = true;
            }
            listener.waiting.decrementAndGet();
            listener.acceptor.onRequestGone(this);
        }
    }

    private final class FakeListener implements Listener {
        private final int port;
        private final int backlog;
        private final Acceptor acceptor;
        private final AtomicInteger waiting = new AtomicInteger();

        FakeListener(int port, int backlog, Acceptor acceptor) {
            this.port = port;
            this.backlog = backlog;
            this.acceptor = acceptor;
        }

        @Override
        public int port() {
            return port;
        }

        @Override
        public void close() {
            synchronized (FakeVsockHost.this) {
                listeners.remove(port, this);
                FakeVsockHost.this.notifyAll();
            }
        }
    }

    @Override
    public synchronized Listener listen(int port, int backlog, Acceptor acceptor) {
        FakeListener listener = new FakeListener(port == 0 ? FREE : port, backlog, acceptor);
        if (listeners.putIfAbsent(listener.port, listener) != null) {
            throw new VsockException("vsock port " + port + " is bound already");
        }
        return listener;
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        dials.add(new Dial(port, timeout, handler));
    }

    private FakeChannel channel(int hostPort, int guestPort, VsockChannelHandler handler) {
        FakeChannel channel =
                new FakeChannel(new VsockAddress(HOST_CID, hostPort), new VsockAddress(GUEST_CID, guestPort), handler);
        channels.add(channel);
        return channel;
    }

    /** Waits for the host's next dial. */
    public Dial nextDial() {
        return Await.next(dials, "dial");
    }

    /** Whether a dial waits that no test has taken. */
    public boolean hasDial() {
        return !dials.isEmpty();
    }

    public boolean isBound(int port) {
        return listeners.containsKey(port);
    }

    public void awaitUnbound(int port) {
        Await.monitor(this, "port " + port + " unbound", () -> !isBound(port));
    }

    /** The guest asks for a connection to a listened port. */
    public Request request(int port) {
        FakeListener listener = listeners.get(port);
        Request request = new Request(listener);
        if (listener.waiting.incrementAndGet() > listener.backlog) {
            request.reject();
        } else {
            listener.acceptor.onRequest(request);
        }
        return request;
    }

    /** The VM is being saved: every connection is reset. */
    public void unplug() {
        channels.forEach(FakeChannel::unplug);
    }

    /** The VM ends: every connection is reset. */
    public void resetAll() {
        List<FakeChannel> open = new ArrayList<>(channels);
        open.forEach(FakeChannel::resetByPeer);
    }
}
