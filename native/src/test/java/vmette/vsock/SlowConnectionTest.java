package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SlowConnectionTest {
    private static final int SOCKETS = 4;
    private static final int BUF_ALLOC = 16 * 1024;
    private static final int GUEST_ALLOC = 10_000;

    /**
     * One connection's host never reads, another one's guest never does, and both are written to until nothing fits: the
     * guest is heard all the time, and what the others send each other arrives; be it while the counters pass 2^32, or 2^31.
     */
    @Property(tries = 150)
    void itHoldsUpNobodyElse(
            @ForAll Random random,
            @ForAll @IntRange(min = -50_000, max = 50_000) int offset,
            @ForAll boolean signWraps) {
        int counterStart = offset + (signWraps ? Integer.MIN_VALUE : 0);
        MuxerHarness harness = new MuxerHarness(MuxerHarness.limits(BUF_ALLOC, new VsockBudget(1 << 30)), counterStart);
        SeveralGuestSockets sockets = new SeveralGuestSockets(harness, SOCKETS, GUEST_ALLOC, counterStart);
        List<ByteArrayOutputStream> written =
                Stream.generate(ByteArrayOutputStream::new).limit(SOCKETS).toList();
        for (int step = 0; step < 400; step++) {
            int i = random.nextInt(SOCKETS);
            switch (random.nextInt(5)) {
                case 0 -> sockets.guests.get(i).write(1 + random.nextInt(9000));
                case 1 -> {
                    byte[] data = MuxerHarness.bytes(random.nextInt(5000), step);
                    // the writer to the guest that does not read is asked to pause, like any other
                    if (written.get(i).size() - sockets.guests.get(i).received.size() < 30_000) {
                        written.get(i).writeBytes(data);
                        sockets.handlers.get(i).channel.write(data, 0, data.length);
                    }
                }
                case 2 -> {
                    if (i != 0) {
                        sockets.handlers.get(i).channel.request(1 + random.nextInt(9000));
                    }
                }
                case 3 -> {
                    if (i != 1) {
                        sockets.guests.get(i).read(1 + random.nextInt(9000));
                    }
                }
                default -> sockets.take(random.nextInt(6));
            }
            assertThat(harness.muxer.mayReceive()).as("the guest is heard").isTrue();
            assertThat(harness.muxer.connections().snapshot())
                    .allMatch(connection -> connection.charge() <= BUF_ALLOC, "charge within its bound");
        }
        for (int round = 0; round < 200; round++) {
            sockets.take(100);
            for (int i = 2; i < SOCKETS; i++) {
                sockets.handlers.get(i).channel.request(Integer.MAX_VALUE);
                sockets.guests.get(i).read(Integer.MAX_VALUE);
            }
        }
        for (int i = 2; i < SOCKETS; i++) {
            assertThat(sockets.handlers.get(i).received.toByteArray())
                    .isEqualTo(sockets.guests.get(i).sent.toByteArray());
            assertThat(sockets.guests.get(i).received.toByteArray())
                    .isEqualTo(written.get(i).toByteArray());
        }
        assertThat(sockets.handlers.get(0).received.size()).isZero();
        assertThat(sockets.guests.get(1).received.size())
                .as("what fits into the guest's buffer is there")
                .isEqualTo(Math.min(GUEST_ALLOC, written.get(1).size()));
        assertThat(sockets.handlers)
                .allSatisfy(handler -> assertThat(handler.over()).isFalse());
    }
}
