package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;

/**
 * The guest's end of one connection, written from the specification: keeps its credit, and complains if the host does not
 * keep its own.
 */
final class ModelGuest {
    private final MuxerHarness harness;
    private final int guestPort;
    private final int hostPort;
    private final int bufAlloc;
    private final int counterStart;
    final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private long read;
    private int hostBufAlloc;
    private int hostFwdCnt;
    private long highestFwd;
    private boolean ended;
    int hostShutdown;
    boolean reset;

    /** Sends no more than its own buffer holds, as recent kernels. */
    boolean cautious;

    ModelGuest(MuxerHarness harness, int guestPort, int hostPort, int bufAlloc, int counterStart) {
        this.harness = harness;
        this.guestPort = guestPort;
        this.hostPort = hostPort;
        this.bufAlloc = bufAlloc;
        this.counterStart = counterStart;
        this.hostFwdCnt = counterStart;
    }

    void send(VsockOp op, int flags, byte[] payload) {
        VsockHeader header = MuxerHarness.header(
                op, guestPort, hostPort, flags, payload.length, bufAlloc, counterStart + (int) read);
        harness.send(header, payload);
    }

    /** Writes up to so many bytes, as far as the credit goes. */
    void write(int count) {
        if (ended || reset) {
            return;
        }
        int window = cautious ? Math.min(hostBufAlloc, bufAlloc) : hostBufAlloc;
        int credit = window - (counterStart + sent.size() - hostFwdCnt);
        byte[] data = MuxerHarness.bytes(Math.max(0, Math.min(count, credit)), count ^ sent.size());
        if (data.length > 0) {
            sent.writeBytes(data);
            send(VsockOp.RW, 0, data);
        }
    }

    void end() {
        if (!ended && !reset) {
            ended = true;
            send(VsockOp.SHUTDOWN, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        }
    }

    /** Reads up to so many bytes and says so. */
    void read(int count) {
        long fresh = Math.min(count, received.size() - read);
        if (fresh > 0 && !reset) {
            read += fresh;
            send(VsockOp.CREDIT_UPDATE, 0, new byte[0]);
        }
    }

    /** Takes a packet of the host; {@code delivered} bytes have been handed to its reader so far. */
    void take(MuxerHarness.Sent packet, long delivered) {
        VsockHeader header = packet.header();
        assertThat(header.dstPort()).isEqualTo(guestPort);
        assertThat(reset).as("a packet after the end: %s", packet.op()).isFalse();
        hostBufAlloc = header.bufAlloc();
        hostFwdCnt = header.fwdCnt();
        long forwarded = Integer.toUnsignedLong(hostFwdCnt - counterStart);
        assertThat(forwarded).as("fwd_cnt").isBetween(highestFwd, delivered);
        highestFwd = forwarded;
        switch (packet.op()) {
            case RW -> {
                assertThat(hostShutdown & VsockHeader.SHUTDOWN_SEND).isZero();
                received.writeBytes(packet.payload());
                assertThat(received.size() - read).as("unread").isLessThanOrEqualTo(bufAlloc);
            }
            case CREDIT_REQUEST -> send(VsockOp.CREDIT_UPDATE, 0, new byte[0]);
            case SHUTDOWN -> {
                hostShutdown |= header.flags();
                if (hostShutdown == VsockHeader.SHUTDOWN_BOTH) {
                    reset = true;
                    send(VsockOp.RST, 0, new byte[0]);
                }
            }
            case RST -> reset = true;
            case RESPONSE, CREDIT_UPDATE -> {}
            default -> throw new AssertionError(packet);
        }
    }
}
