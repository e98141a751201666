package vmette.testkit;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;
import vmette.errors.VsockException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

/** The vsock of one incarnation, between the host and {@link FakeGuest}. Streams only. */
final class FakeVsock implements VsockHost {
    private static final long GUEST_CID = 3;
    private static final int FIRST_FREE = 50_000;
    private static final int LAST_FREE = 59_999;
    private static final int FIRST_HOST_PORT = 1 << 30;
    private static final Duration ACCEPT_TIMEOUT = Duration.ofSeconds(5);

    /** Takes what the host dials. */
    interface Ports {
        /** Whether somebody listens. */
        boolean accepts(int port);

        /** It stands. */
        void accepted(int port, FakeConnection connection);
    }

    private final KitTime time;
    private final Ports guest;
    // Under this object's lock: the host's threads listen.
    private Map<Integer, FakeListener> listeners = Map.of();
    // Of the kit's thread.
    private final Set<FakeConnection> connections = new LinkedHashSet<>(2);
    private final Deque<Dial> dials = new ArrayDeque<>(1);
    private final List<Request> asking = new ArrayList<>(0);
    private int lastPort = FIRST_HOST_PORT;
    private boolean up;
    private boolean awake = true;
    private boolean closed;
    private final AtomicLong payloads = new AtomicLong();

    private record Dial(int port, VsockChannelHandler handler, Runnable untimed) {}

    FakeVsock(KitTime time, Ports guest) {
        this.time = time;
        this.guest = guest;
    }

    void execute(Runnable task) {
        time.execute(task);
    }

    long payloads() {
        return payloads.get();
    }

    void count() {
        payloads.incrementAndGet();
    }

    @Override
    public void connect(int port, Duration timeout, VsockChannelHandler handler) {
        time.execute(() -> dial(port, timeout, handler));
    }

    private void dial(int port, Duration timeout, VsockChannelHandler handler) {
        if (closed) {
            FakeConnection.refuse(handler, "the VM has ended");
        } else if (up && awake) {
            answer(port, handler);
        } else {
            Dial[] own = new Dial[1];
            own[0] = new Dial(port, handler, time.later(timeout, () -> {
                if (dials.remove(own[0])) {
                    FakeConnection.refuse(
                            handler,
                            "the guest did not answer on port " + port + " within " + timeout.toMillis() + " ms");
                }
            }));
            dials.addLast(own[0]);
        }
    }

    private void answer(int port, VsockChannelHandler handler) {
        if (!guest.accepts(port)) {
            FakeConnection.refuse(handler, "nothing accepts on guest port " + Integer.toUnsignedString(port));
            return;
        }
        FakeConnection connection = connection(++lastPort, port, handler);
        connection.open();
        if (!connection.isOver()) {
            guest.accepted(port, connection);
        }
    }

    private FakeConnection connection(int hostPort, int guestPort, VsockChannelHandler handler) {
        FakeConnection connection = new FakeConnection(
                this, new VsockAddress(HOST_CID, hostPort), new VsockAddress(GUEST_CID, guestPort), handler);
        connections.add(connection);
        return connection;
    }

    void forget(FakeConnection connection) {
        connections.remove(connection);
    }

    /** The guest's driver is there. */
    void comeUp() {
        up = true;
        answerAll();
    }

    private void answerAll() {
        while (up && awake && !dials.isEmpty()) {
            Dial dial = dials.removeFirst();
            dial.untimed().run();
            answer(dial.port(), dial.handler());
        }
    }

    boolean isAwake() {
        return awake && !closed;
    }

    void setAwake(boolean value) {
        awake = value;
        if (awake) {
            answerAll();
            List.copyOf(connections).forEach(FakeConnection::wake);
        }
    }

    /** The oldest open connection of this kind, reset; whether there was one. */
    boolean loseOne(Predicate<FakeConnection> which, String why) {
        Optional<FakeConnection> victim = connections.stream().filter(which).findFirst();
        victim.ifPresent(connection -> connection.breakOff(why));
        return victim.isPresent();
    }

    /** The end of the VM. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        List.copyOf(asking).forEach(Request::expire);
        List.copyOf(connections).forEach(connection -> connection.breakOff("the VM has ended"));
        while (!dials.isEmpty()) {
            Dial dial = dials.removeFirst();
            dial.untimed().run();
            FakeConnection.refuse(dial.handler(), "the VM has ended");
        }
    }

    // ---- the guest dials the host

    /** Has the guest dial a port of the host; it is given the connection, or null if nobody takes it. */
    void dialHost(int port, Consumer<FakeConnection> then) {
        FakeListener listener;
        synchronized (this) {
            listener = listeners.get(port);
        }
        if (listener == null || listener.waiting >= listener.backlog) {
            then.accept(null);
            return;
        }
        Request request = new Request(listener, ++lastPort, then);
        listener.waiting++;
        asking.add(request);
        request.untimed = time.later(ACCEPT_TIMEOUT, request::expire);
        listener.acceptor.onRequest(request);
    }

    private final class Request implements IncomingRequest {
        private final FakeListener listener;
        private final int guestPort;
        private final Consumer<FakeConnection> then;
        private Runnable untimed = () -> {};
        private boolean answered;

        Request(FakeListener listener, int guestPort, Consumer<FakeConnection> then) {
            this.listener = listener;
            this.guestPort = guestPort;
            this.then = then;
        }

        @Override
        public VsockAddress local() {
            return new VsockAddress(HOST_CID, listener.port);
        }

        @Override
        public VsockAddress remote() {
            return new VsockAddress(GUEST_CID, guestPort);
        }

        @Override
        public void accept(VsockChannelHandler handler) {
            time.execute(() -> {
                if (!answer() || closed) {
                    FakeConnection.refuse(handler, "the guest's request is gone");
                    return;
                }
                FakeConnection connection = connection(listener.port, guestPort, handler);
                connection.open();
                then.accept(connection);
            });
        }

        @Override
        public void reject() {
            time.execute(() -> {
                if (answer()) {
                    then.accept(null);
                }
            });
        }

        private void expire() {
            if (answer()) {
                listener.acceptor.onRequestGone(this);
                then.accept(null);
            }
        }

        private boolean answer() {
            boolean first = !answered;
            if (first) {
                answered = true;
                asking.remove(this);
                listener.waiting--;
                untimed.run();
            }
            return first;
        }
    }

    private final class FakeListener implements Listener {
        private final int port;
        private final int backlog;
        private final Acceptor acceptor;
        private int waiting;

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
            synchronized (FakeVsock.this) {
                listeners.remove(port, this);
            }
        }
    }

    @Override
    public synchronized Listener listen(int port, int backlog, Acceptor acceptor) {
        if (listeners.isEmpty()) {
            listeners = new HashMap<>(2);
        }
        int chosen = port == 0 ? freePort() : port;
        FakeListener listener = new FakeListener(chosen, backlog, acceptor);
        if (listeners.putIfAbsent(chosen, listener) != null) {
            throw new VsockException("vsock port " + port + " is bound already");
        }
        return listener;
    }

    private int freePort() {
        for (int port = FIRST_FREE; port <= LAST_FREE; port++) {
            if (!listeners.containsKey(port)) {
                return port;
            }
        }
        throw new VsockException("all vsock ports from " + FIRST_FREE + " to " + LAST_FREE + " are bound");
    }
}
