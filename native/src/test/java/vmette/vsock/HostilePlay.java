package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Clients that do anything they may, in turn with a guest that sends anything at all; and what has to hold throughout. */
final class HostilePlay {
    static final int BUF_ALLOC = 16 * 1024;

    private static final int[] PORTS = {1, 2, 3, 7000, 1 << 30, (1 << 30) + 1, (1 << 30) + 2, -1, 0};
    private static final int[] LENGTHS = {0, 1, 100, 5000, 60_000, 1 << 20, -1, Integer.MIN_VALUE};

    final MuxerHarness harness;
    private final VsockBudget budget = new VsockBudget(1 << 20);
    private final List<RecordingHandler> handlers = new ArrayList<>();
    private final List<Incoming> requests = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();

    private record Incoming(VsockType type, VsockHost.IncomingRequest request) {}

    /** A failure in a handler would only reset its connection: what is wrong is kept and told by {@link #checkBounds}. */
    private final class Player extends RecordingHandler {
        private final VsockType type;

        Player(VsockType type) {
            this.type = type;
        }

        @Override
        public void onData(byte[] chunk) {
            if (over()) {
                wrong.add("data after the end of all: " + events);
            }
            if (chunk.length > 0) {
                super.onData(chunk);
            } else if (type == VsockType.SEQPACKET) {
                events.add("data 0");
            } else {
                wrong.add("an empty chunk of a stream");
            }
        }
    }

    /** @param counterStart where the credit counters begin */
    HostilePlay(int counterStart) {
        harness = new MuxerHarness(MuxerHarness.limits(BUF_ALLOC, budget), counterStart);
        harness.host.listen(7000, 3, request -> requests.add(new Incoming(VsockType.STREAM, request)));
        harness.host.listen(
                VsockType.SEQPACKET, 3, 3, request -> requests.add(new Incoming(VsockType.SEQPACKET, request)));
    }

    static byte[] payload(Random random) {
        return new byte[random.nextInt(4) == 0 ? random.nextInt(20_000) : random.nextInt(100)];
    }

    /** The header of a packet with so much payload, which it may lie about. */
    static VsockHeader header(Random random, int payload) {
        boolean honest = random.nextBoolean();
        return new VsockHeader(
                random.nextInt(30) == 0 ? random.nextLong() : MuxerHarness.GUEST_CID,
                random.nextInt(30) == 0 ? random.nextLong() : VsockHost.HOST_CID,
                PORTS[random.nextInt(PORTS.length)],
                PORTS[random.nextInt(PORTS.length)],
                honest ? payload : LENGTHS[random.nextInt(LENGTHS.length)],
                random.nextInt(10) == 0 ? random.nextInt(0x10000) : 1 + random.nextInt(2),
                random.nextInt(20) == 0 ? random.nextInt(0x10000) : 1 + random.nextInt(7),
                random.nextInt(8),
                random.nextBoolean() ? random.nextInt() : 100_000,
                random.nextInt(3) == 0 ? random.nextInt() : 0);
    }

    void hostilePacket(Random random) {
        byte[] payload = payload(random);
        harness.send(header(random, payload.length), payload);
    }

    void clientAction(Random random) {
        switch (random.nextInt(8)) {
            case 0 -> {
                VsockType type = random.nextBoolean() ? VsockType.STREAM : VsockType.SEQPACKET;
                harness.host.connect(
                        type, 1 + random.nextInt(3), Duration.ofSeconds(1 + random.nextInt(5)), handler(type));
            }
            case 1 -> harness.poll(random.nextInt(200));
            case 2 -> harness.drain();
            case 3 -> harness.pass(Duration.ofSeconds(random.nextInt(4)));
            case 4, 5 -> {
                if (!requests.isEmpty()) {
                    Incoming incoming = requests.remove(0);
                    if (random.nextInt(3) == 0) {
                        incoming.request().reject();
                    } else {
                        incoming.request().accept(handler(incoming.type()));
                    }
                }
            }
            case 6 -> {
                if (random.nextInt(10) == 0) {
                    harness.muxer.transportReset();
                }
            }
            default -> channelAction(random);
        }
    }

    private void channelAction(Random random) {
        if (handlers.isEmpty()) {
            return;
        }
        VsockChannel channel = handlers.get(random.nextInt(handlers.size())).channel;
        if (channel == null) {
            return;
        }
        switch (random.nextInt(12)) {
            case 0 -> channel.reset();
            case 1 -> channel.shutdownInput();
            case 2, 3 -> channel.shutdownOutput();
            case 4, 5, 6 -> channel.write(new byte[10_000], 0, random.nextInt(10_000));
            default -> channel.request(1 + random.nextInt(10_000));
        }
    }

    private RecordingHandler handler(VsockType type) {
        RecordingHandler handler = new Player(type);
        handlers.add(handler);
        return handler;
    }

    void checkBounds() {
        assertThat(wrong).isEmpty();
        int connections = harness.muxer.connectionCount();
        int largest = harness.muxer.connections().snapshot().stream()
                .mapToInt(VsockConnection::charge)
                .max()
                .orElse(0);
        assertThat(largest).as("the largest charge").isLessThanOrEqualTo(BUF_ALLOC);
        assertThat(connections).isLessThanOrEqualTo(harness.limits.maxConnections());
        assertThat(budget.reserved()).isEqualTo((long) connections * BUF_ALLOC);
        assertThat(harness.muxer.rx().replies())
                .isLessThanOrEqualTo(harness.limits.maxPendingReplies() + harness.limits.maxConnections());
    }

    /** The VM ends: nothing is left of anything, and every handler has had a story that makes sense. */
    void end() {
        harness.muxer.close("the VM ended");
        assertThat(wrong).isEmpty();
        for (RecordingHandler handler : handlers) {
            if (handler.channel != null) {
                handler.channel.shutdownInput();
            }
            assertOrderly(handler);
        }
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(budget.reserved()).isZero();
        assertThat(harness.expiries.isEmpty()).isTrue();
    }

    private static void assertOrderly(RecordingHandler handler) {
        List<String> marks = handler.marks();
        assertThat(marks.stream()
                        .distinct()
                        .filter(mark -> !mark.equals("writable"))
                        .count())
                .as("only onWritable may repeat: %s", marks)
                .isEqualTo(
                        marks.stream().filter(mark -> !mark.equals("writable")).count());
        if (marks.contains("open")) {
            assertThat(marks).first().isEqualTo("open");
        }
        if (handler.over()) {
            assertThat(marks.get(marks.size() - 1)).isIn("closed", "reset");
            assertThat(marks.contains("closed") && marks.contains("reset")).isFalse();
        }
    }
}
