package vmette.vsock;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;

/**
 * Routes packets to connections and requests to listeners, and keeps a guest within its limits. Knows no ring: packets
 * come in by {@link #receive} and go out by {@link #rx}. Belongs to the loop but for {@link #listeners}, {@link #payloads} and {@link #counts}.
 *
 * <p>A packet that is not from this guest to the host is dropped, one for nobody is answered by RST, and no RST is ever
 * answered (virtio 1.2, section 5.10.6).
 */
final class VsockMuxer implements ConnectionHome {
    private final long guestCid;
    private final VsockLimits limits;
    private final ExpiryTimer timer;
    private final Executor loop;
    private final RxScheduler rx;
    private final ConnectionTable connections;
    private final WriteGauge writes;
    private final ListenerTable listeners = new ListenerTable();
    private final int counterStart;
    private final AtomicLong payloads = new AtomicLong();
    private final AtomicLong received = new AtomicLong();
    private final AtomicLong sent = new AtomicLong();
    private String closedBecause;
    private String whose = "";

    /** @param rxWanted called when there is something to send; must not send it from within the call */
    VsockMuxer(long guestCid, VsockLimits limits, ExpiryTimer timer, Executor loop, Runnable rxWanted) {
        this(guestCid, limits, timer, loop, rxWanted, 0, ConnectionTable.dialling(limits));
    }

    /** @param counterStart where the credit counters of both ends begin; 0 but for tests of the wrap */
    VsockMuxer(
            long guestCid,
            VsockLimits limits,
            ExpiryTimer timer,
            Executor loop,
            Runnable rxWanted,
            int counterStart,
            ConnectionTable connections) {
        this.guestCid = guestCid;
        this.limits = limits;
        this.timer = timer;
        this.loop = loop;
        this.rx = new RxScheduler(rxWanted);
        this.connections = connections;
        this.writes = new WriteGauge(limits);
        this.counterStart = counterStart;
    }

    RxScheduler rx() {
        return rx;
    }

    ListenerTable listeners() {
        return listeners;
    }

    /** Whether another packet may be taken from the guest: each may cost an RST that needs an RX buffer. */
    boolean mayReceive() {
        return rx.replies() < limits.maxPendingReplies();
    }

    void receive(VsockPacket packet) {
        VsockHeader header = packet.header();
        if (header.srcCid() != guestCid || header.dstCid() != VsockHost.HOST_CID) {
            return;
        }
        VsockOp op = VsockOp.of(header.op());
        ConnectionKey key = new ConnectionKey(header.srcPort(), header.dstPort());
        VsockConnection connection = connections.find(key);
        if (connection != null && connection.type().is(header.type())) {
            if (op == VsockOp.RW) {
                // written by the loop alone
                payloads.setRelease(payloads.getPlain() + 1);
                if (packet.lengthFits()) {
                    received.setOpaque(received.getPlain() + Integer.toUnsignedLong(header.len()));
                }
            }
            connection.receive(packet, op);
        } else if (connection == null && op == VsockOp.REQUEST && packet.lengthFits()) {
            request(key, header);
        } else if (op != VsockOp.RST) {
            rx.reply(header.rst());
        }
    }

    private void request(ConnectionKey key, VsockHeader header) {
        ListenerTable.Entry listener = listeners.find(header.dstPort());
        if (listener == null || !listener.type().is(header.type()) || !listener.enter()) {
            rx.reply(header.rst());
            return;
        }
        if (connections.reserveForGuest().isPresent()) {
            listener.leave();
            rx.reply(header.rst());
            return;
        }
        VsockConnection connection =
                new VsockConnection(listener.type(), key, this, ConnectionState.REQUESTED, counterStart);
        connections.add(connection);
        // an RST still waiting for the former user of these ports would hit the new one
        rx.forget(key);
        PendingRequest request = new PendingRequest(connection, listener, loop);
        connection.await(header, request::gone);
        request.ask();
    }

    void connect(VsockType type, int port, Duration timeout, VsockChannelHandler handler) {
        Optional<VsockException> obstacle = closedBecause != null
                ? Optional.of(Failures.closed(port, closedBecause))
                : connections.reserveForHost().map(limit -> Failures.noRoom(port, limit));
        if (obstacle.isPresent()) {
            HandlerPort.refuse("dial of guest port " + Integer.toUnsignedString(port), handler, obstacle.get());
            return;
        }
        ConnectionKey key = connections.dialKey(port, hostPort -> listeners.find(hostPort) != null);
        VsockConnection connection = new VsockConnection(type, key, this, ConnectionState.CONNECTING, counterStart);
        connections.add(connection);
        connection.dial(handler, timeout);
    }

    /** The guest's driver begins anew and knows no connection. Those that wait to be dialled go on waiting. */
    void transportReset() {
        forget(Failures::transportReset);
    }

    /** The guest is to lose the device for a while, and with it all connections: as {@link #transportReset}. */
    void unplugged() {
        forget(Failures::unplugged);
    }

    private void forget(Function<VsockConnection, VsockResetException> why) {
        rx.clearReplies();
        for (VsockConnection connection : connections.snapshot()) {
            if (!connection.untouched()) {
                connection.forgotten(why.apply(connection));
            }
        }
    }

    /**
     * Ends everything that needs the guest. A connection that the guest had ended in order, and whose last bytes wait for
     * demand, is complete without it and lives on until they are taken. Idempotent.
     */
    void close(String reason) {
        if (closedBecause != null) {
            return;
        }
        String why = reason + whose;
        closedBecause = why;
        listeners.close();
        rx.clearReplies();
        for (VsockConnection connection : connections.snapshot()) {
            connection.forgotten(Failures.ended(connection, why));
        }
    }

    /** What ends with the guest names it from now on. */
    void belongsTo(String guest) {
        whose = " (" + guest + ")";
    }

    long payloads() {
        return payloads.getAcquire();
    }

    /** A packet with so many bytes of payload was written into an RX buffer. */
    void sent(int bytes) {
        sent.setOpaque(sent.getPlain() + bytes);
    }

    VsockCounts counts() {
        return new VsockCounts(connections.count(), received.getOpaque(), sent.getOpaque());
    }

    int connectionCount() {
        return connections.size();
    }

    ConnectionTable connections() {
        return connections;
    }

    // ---- ConnectionHome

    @Override
    public VsockLimits limits() {
        return limits;
    }

    @Override
    public WriteGauge writes() {
        return writes;
    }

    @Override
    public long guestCid() {
        return guestCid;
    }

    @Override
    public Executor loop() {
        return loop;
    }

    @Override
    public Expiry after(Duration delay, Runnable action) {
        return timer.after(delay, action);
    }

    @Override
    public void ready(VsockConnection connection) {
        rx.ready(connection);
    }

    @Override
    public void reply(VsockHeader rst) {
        rx.reply(rst);
    }

    @Override
    public void left(VsockConnection connection) {
        rx.remove(connection);
        connections.left(connection);
    }

    @Override
    public void gone(VsockConnection connection) {
        connections.gone(connection);
    }
}
