package vmette.vsock;

import java.time.Duration;
import vmette.errors.VsockException;

/**
 * One connection's state machine. It has no descriptor, no thread and no clock: packets, calls of the channel and
 * expiries go in; packets, when an RX buffer is offered, and calls of the handler come out. Belongs to the loop.
 *
 * <p>A handler may call its channel from inside a callback, so whatever follows a callback looks at the state again.
 */
final class VsockConnection {
    private final VsockType type;
    private final ConnectionKey key;
    private final ConnectionHome home;
    private final Inbound in;
    private final Outbound out;
    private final LoopChannel channel;
    private final HandlerPort handler;
    private final Delivery delivery;
    private final PacketWriter packets;

    private ConnectionState state;
    private Runnable requestGone;
    private ExpiryTimer.Expiry expiry = () -> {};

    /** @param counterStart where the credit counters of both ends begin; 0 but for tests of the wrap */
    VsockConnection(VsockType type, ConnectionKey key, ConnectionHome home, ConnectionState state, int counterStart) {
        VsockLimits limits = home.limits();
        this.type = type;
        this.key = key;
        this.home = home;
        this.state = state;
        this.in = Inbound.create(type, limits.bufAlloc(), counterStart);
        this.out = new Outbound(limits.writeHighWater(), limits.writeLowWater(), home.writes(), counterStart);
        this.channel = new LoopChannel(this, out, home.loop());
        this.handler = new HandlerPort(toString(), failure -> abort(Failures.handlerFailed(this, failure), true));
        this.delivery = new Delivery(in, handler);
        this.packets = new PacketWriter(type, key, home.guestCid(), in, out);
    }

    /** Dials the guest. */
    void dial(VsockChannelHandler newHandler, Duration timeout) {
        handler.attach(newHandler);
        packets.open(VsockOp.REQUEST);
        expiry = home.after(timeout, () -> abort(Failures.dialTimedOut(this, timeout, !packets.openDue()), true));
        home.ready(this);
    }

    /** Waits for an acceptor's answer; {@code gone} is called if none can be given any more. */
    void await(VsockHeader request, Runnable gone) {
        requestGone = gone;
        peerSays(request);
        Duration timeout = home.limits().acceptTimeout();
        expiry = home.after(timeout, () -> abort(Failures.notAccepted(this, timeout), true));
    }

    /** The acceptor's yes; only in {@link ConnectionState#REQUESTED}. */
    void accept(VsockChannelHandler newHandler) {
        handler.attach(newHandler);
        requestGone = null;
        packets.open(VsockOp.RESPONSE);
        established();
    }

    /** The acceptor's no; only in {@link ConnectionState#REQUESTED}. */
    void reject() {
        requestGone = null;
        abort(Failures.rejected(this), true);
    }

    private void established() {
        expiry.cancel();
        state = ConnectionState.ESTABLISHED;
        if (handler.call(h -> h.onOpen(channel))) {
            settle();
        }
    }

    // ---- from the guest

    void receive(VsockPacket packet, VsockOp op) {
        if (op == VsockOp.RST) {
            peerReset();
            return;
        }
        if (!packet.lengthFits()) {
            violation("announced more payload than its packet holds");
            return;
        }
        peerSays(packet.header());
        switch (state) {
            case CONNECTING -> receiveConnecting(op);
            case ESTABLISHED, CLOSING -> receiveOpen(packet, op);
            default -> violation("sent " + op + " before its request was answered");
        }
    }

    private void peerSays(VsockHeader header) {
        out.update(header.bufAlloc(), header.fwdCnt());
        in.limit(header.bufAlloc());
    }

    private void receiveConnecting(VsockOp op) {
        if (op == VsockOp.RESPONSE && !packets.openDue()) {
            established();
        } else {
            violation("answered a request with " + op);
        }
    }

    private void receiveOpen(VsockPacket packet, VsockOp op) {
        switch (op) {
            case RW -> {
                if (in.ended()) {
                    violation("sent data after its end");
                    return;
                }
                if (!in.receive(
                        packet.payload(), packet.header().len(), packet.header().flags())) {
                    violation("sent more than its credit");
                    return;
                }
                delivery.run();
            }
            case CREDIT_UPDATE -> {}
            case CREDIT_REQUEST -> in.askUpdate();
            case SHUTDOWN -> peerShutdown(packet.header().flags());
            default -> {
                violation("sent " + op + " on an open connection");
                return;
            }
        }
        settle();
    }

    private void peerShutdown(int flags) {
        if ((flags & VsockHeader.SHUTDOWN_SEND) != 0) {
            in.end();
        }
        boolean refusedNow = (flags & VsockHeader.SHUTDOWN_RECEIVE) != 0 && !out.refused();
        // once our last byte is out nothing is left that could be refused
        boolean tell = refusedNow && !out.over();
        if (refusedNow) {
            out.refuse();
        }
        if (in.ended() && out.refused()) {
            // all it sent has arrived: the guest can let go now, however long our reader takes
            home.reply(packets.rst());
            leave();
        }
        if (!tell || handler.call(VsockChannelHandler::onOutputRefused)) {
            delivery.run();
        }
    }

    private void peerReset() {
        switch (state) {
            case CONNECTING -> abort(Failures.refused(this), false);
            case CLOSING -> {
                leave();
                delivery.run();
                settle();
            }
            default -> abort(Failures.resetByGuest(this), false);
        }
    }

    private void violation(String what) {
        abort(Failures.violation(this, what), true);
    }

    // ---- from the channel

    void request(int maxBytes, boolean several) {
        in.request(maxBytes, several);
        delivery.run();
        settle();
    }

    void write(byte[] data, int offset, int length) {
        if (out.enqueue(data, offset, length) && type == VsockType.SEQPACKET && !out.fits(length)) {
            abort(Failures.messageTooLong(this, length), true);
        } else {
            settle();
        }
    }

    void shutdownOutput() {
        out.end();
        settle();
    }

    void shutdownInput() {
        in.refuse();
        settle();
    }

    void reset() {
        handler.detach();
        abort(Failures.resetByHost(this), true);
    }

    // ---- to the guest

    /** Whether a packet should go out. */
    boolean wantsRx() {
        return onTheWire() && (isOpen() ? packets.due() : packets.openDue());
    }

    /** Fills an RX buffer with one packet and says how many bytes it has; only if {@link #wantsRx}. */
    int fill(RxBuffer buffer) {
        return packets.fill(buffer);
    }

    /** Follows {@link #fill}, once the buffer is on its way. */
    void filled() {
        if (handler.attached() && out.pollWritable()) {
            handler.call(VsockChannelHandler::onWritable);
        }
        settle();
    }

    // ---- life

    /** Draws the consequences of whatever has just happened. */
    private void settle() {
        if (state == ConnectionState.ESTABLISHED && in.over() && out.over()) {
            state = ConnectionState.CLOSING;
            expiry = home.after(home.limits().shutdownTimeout(), this::closingExpired);
        }
        if (state == ConnectionState.DRAINING && in.done() && !delivery.running()) {
            state = ConnectionState.CLOSED;
            home.gone(this);
            handler.last(VsockChannelHandler::onClosed);
        } else if (wantsRx()) {
            home.ready(this);
        }
    }

    private void closingExpired() {
        home.reply(packets.rst());
        leave();
        settle();
    }

    /** The guest is done with the connection, in order; what has arrived is still handed over. */
    private void leave() {
        expiry.cancel();
        out.refuse();
        state = ConnectionState.DRAINING;
        home.left(this);
    }

    /** Nobody in the guest knows of it any more. What was ended in order is complete; the rest is reset. */
    void forgotten(VsockException cause) {
        if (state == ConnectionState.CLOSING) {
            leave();
            delivery.run();
            settle();
        } else if (state != ConnectionState.DRAINING) {
            abort(cause, false);
        }
    }

    /** Ends the connection out of order. */
    void abort(VsockException cause, boolean tellGuest) {
        if (state == ConnectionState.CLOSED) {
            return;
        }
        boolean onTheWire = onTheWire();
        boolean guestKnows = onTheWire && !(state == ConnectionState.CONNECTING && packets.openDue());
        expiry.cancel();
        state = ConnectionState.CLOSED;
        out.refuse();
        in.refuse();
        if (guestKnows && tellGuest) {
            home.reply(packets.rst());
        }
        if (onTheWire) {
            home.left(this);
        }
        home.gone(this);
        if (requestGone != null) {
            requestGone.run();
        }
        handler.last(h -> h.onReset(cause));
    }

    /** Whether the guest may know of it, or come to. */
    private boolean onTheWire() {
        return state != ConnectionState.DRAINING && state != ConnectionState.CLOSED;
    }

    private boolean isOpen() {
        return state == ConnectionState.ESTABLISHED || state == ConnectionState.CLOSING;
    }

    ConnectionState state() {
        return state;
    }

    /** Whether not a packet of it has been exchanged: it can still happen on another transport. */
    boolean untouched() {
        return state == ConnectionState.CONNECTING && packets.openDue();
    }

    VsockType type() {
        return type;
    }

    ConnectionKey key() {
        return key;
    }

    int charge() {
        return in.charge();
    }

    VsockAddress local() {
        return new VsockAddress(VsockHost.HOST_CID, key.hostPort());
    }

    VsockAddress remote() {
        return new VsockAddress(home.guestCid(), key.guestPort());
    }

    @Override
    public String toString() {
        return "vsock connection " + local() + " <-> " + remote();
    }
}
