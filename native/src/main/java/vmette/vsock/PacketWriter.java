package vmette.vsock;

/** What a connection has to say to the guest: decides which packet is next and writes it into the RX buffer it is offered. */
final class PacketWriter {
    private final VsockType type;
    private final ConnectionKey key;
    private final long guestCid;
    private final Inbound in;
    private final Outbound out;
    private final byte[] headerBytes = new byte[VsockHeader.BYTES];
    private VsockOp opening = VsockOp.UNKNOWN;
    private int shutdownSent;

    PacketWriter(VsockType type, ConnectionKey key, long guestCid, Inbound in, Outbound out) {
        this.type = type;
        this.key = key;
        this.guestCid = guestCid;
        this.in = in;
        this.out = out;
    }

    /** The connection begins with this, before anything else. */
    void open(VsockOp requestOrResponse) {
        opening = requestOrResponse;
    }

    /** Whether {@link #open} waits for an RX buffer. */
    boolean openDue() {
        return opening != VsockOp.UNKNOWN;
    }

    /** Whether an open connection has something to say. */
    boolean due() {
        return openDue()
                || shutdownWanted() != shutdownSent
                || out.sendable() > 0
                || out.creditRequestDue()
                || in.updateDue();
    }

    /** Fills an RX buffer with one packet and says how many bytes it has. */
    int fill(RxBuffer buffer) {
        VsockOp op;
        int flags = 0;
        int length = 0;
        int room = buffer.capacity() - VsockHeader.BYTES;
        if (openDue()) {
            op = opening;
            opening = VsockOp.UNKNOWN;
        } else if (shutdownWanted() != shutdownSent) {
            shutdownSent = shutdownWanted();
            flags = shutdownSent;
            op = VsockOp.SHUTDOWN;
        } else if (Math.min(room, out.sendable()) > 0) {
            length = Math.min(room, out.sendable());
            if (type == VsockType.SEQPACKET && length >= out.head()) {
                // a packet never holds the end of one message and the beginning of the next
                length = out.head();
                flags = VsockHeader.MESSAGE_END;
            }
            out.drainTo(buffer, VsockHeader.BYTES, length);
            op = VsockOp.RW;
        } else if (out.creditRequestDue()) {
            out.creditRequested();
            op = VsockOp.CREDIT_REQUEST;
        } else {
            // also what a buffer without room for payload gets
            op = VsockOp.CREDIT_UPDATE;
        }
        header(op, length, flags).encode(headerBytes);
        buffer.write(0, headerBytes, 0, VsockHeader.BYTES);
        in.told();
        return VsockHeader.BYTES + length;
    }

    private int shutdownWanted() {
        if (in.over() && out.over()) {
            return VsockHeader.SHUTDOWN_BOTH;
        }
        return (in.refused() ? VsockHeader.SHUTDOWN_RECEIVE : 0) | (out.drained() ? VsockHeader.SHUTDOWN_SEND : 0);
    }

    VsockHeader rst() {
        return header(VsockOp.RST, 0, 0);
    }

    private VsockHeader header(VsockOp op, int length, int flags) {
        return new VsockHeader(
                VsockHost.HOST_CID,
                guestCid,
                key.hostPort(),
                key.guestPort(),
                length,
                type.wire(),
                op.wire(),
                flags,
                in.bufAlloc(),
                in.fwdCnt());
    }
}
