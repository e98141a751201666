package vmette.vsock;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A muxer with nothing around it: packets in, packets out, a clock that is set by hand. */
final class MuxerHarness {
    static final long GUEST_CID = 3;
    static final int LINUX_RX_PAYLOAD = 4096;

    /** A packet on its way to the guest. */
    static final class Sent {
        private final VsockHeader header;
        private final byte[] payload;

        private Sent(VsockHeader header, byte[] payload) {
            this.header = header;
            this.payload = payload;
        }

        VsockHeader header() {
            return header;
        }

        byte[] payload() {
            return payload;
        }

        @Override
        public String toString() {
            return op() + " " + header;
        }

        VsockOp op() {
            return VsockOp.of(header.op());
        }
    }

    final VsockLimits limits;
    final VsockMuxer muxer;
    final DeviceHost host;
    final ExpiryQueue expiries;
    private final int counterStart;
    private long now = Long.MAX_VALUE - 5;

    MuxerHarness() {
        this(limits(64 * 1024, new VsockBudget(1 << 30)), 0);
    }

    MuxerHarness(VsockLimits limits, int counterStart) {
        this.limits = limits;
        this.counterStart = counterStart;
        this.expiries = new ExpiryQueue(() -> now);
        this.muxer = new VsockMuxer(
                GUEST_CID,
                limits,
                expiries,
                Runnable::run,
                () -> {},
                counterStart,
                new ConnectionTable(limits, ConnectionTable.FIRST_DIAL_PORT));
        this.host = new DeviceHost(muxer, Runnable::run);
    }

    static VsockLimits limits(int bufAlloc, VsockBudget budget) {
        return new VsockLimits(
                bufAlloc,
                16L * bufAlloc,
                budget,
                16,
                Duration.ofSeconds(10),
                Duration.ofSeconds(8),
                64 * 1024,
                16 * 1024,
                32,
                4);
    }

    void pass(Duration time) {
        now += time.toNanos();
        expiries.runDue();
    }

    /** The guest sends, with plenty of room of its own. */
    void send(VsockOp op, int guestPort, int hostPort) {
        send(op, guestPort, hostPort, 0, new byte[0]);
    }

    void send(VsockOp op, int guestPort, int hostPort, int flags, byte[] payload) {
        send(header(op, guestPort, hostPort, flags, payload.length, 1 << 20, counterStart), payload);
    }

    void send(VsockHeader header, byte[] payload) {
        boolean fits = Integer.toUnsignedLong(header.len()) <= payload.length;
        muxer.receive(new VsockPacket(
                header,
                fits,
                (offset, target, targetOffset, length) ->
                        System.arraycopy(payload, offset, target, targetOffset, length)));
    }

    static VsockHeader header(
            VsockOp op, int guestPort, int hostPort, int flags, int length, int bufAlloc, int fwdCnt) {
        return new VsockHeader(
                GUEST_CID,
                VsockHost.HOST_CID,
                guestPort,
                hostPort,
                length,
                VsockType.STREAM.wire(),
                op.wire(),
                flags,
                bufAlloc,
                fwdCnt);
    }

    /** Gives one RX buffer; null if the muxer has nothing for it. */
    Sent poll(int payloadCapacity) {
        if (!muxer.rx().hasPacket()) {
            return null;
        }
        byte[] bytes = new byte[VsockHeader.BYTES + payloadCapacity];
        int length = muxer.rx().fill(new RxBuffer() {
            @Override
            public int capacity() {
                return bytes.length;
            }

            @Override
            public void write(int offset, byte[] source, int sourceOffset, int count) {
                System.arraycopy(source, sourceOffset, bytes, offset, count);
            }
        });
        VsockHeader header = VsockHeader.decode(bytes);
        if (length != VsockHeader.BYTES + header.len()) {
            throw new AssertionError(length + " bytes for " + header);
        }
        return new Sent(header, Arrays.copyOfRange(bytes, VsockHeader.BYTES, length));
    }

    /** Gives RX buffers of the size Linux has until nothing is left to send. */
    List<Sent> drain() {
        List<Sent> all = new ArrayList<>();
        for (Sent sent = poll(LINUX_RX_PAYLOAD); sent != null; sent = poll(LINUX_RX_PAYLOAD)) {
            all.add(sent);
        }
        return all;
    }

    List<VsockOp> drainOps() {
        return drain().stream().map(Sent::op).toList();
    }

    static byte[] payload(List<Sent> packets) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        packets.forEach(packet -> all.writeBytes(packet.payload()));
        return all.toByteArray();
    }

    /** A connection that the guest dialled and the host accepted. */
    <H extends RecordingHandler> H accepted(int guestPort, int hostPort, H handler) {
        try (VsockHost.Listener listener = host.listen(hostPort, 1, request -> request.accept(handler))) {
            send(VsockOp.REQUEST, guestPort, listener.port());
        }
        drain();
        return handler;
    }

    /** The charge of all connections. */
    int charge() {
        return muxer.connections().snapshot().stream()
                .mapToInt(VsockConnection::charge)
                .sum();
    }

    static byte[] bytes(int count, int seed) {
        byte[] out = new byte[count];
        new Random(seed).nextBytes(out);
        return out;
    }
}
