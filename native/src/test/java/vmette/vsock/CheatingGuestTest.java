package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CheatingGuestTest {
    private static final int BUF_ALLOC = 16 * 1024;

    /** What no driver may do on an open connection. */
    enum Cheat {
        MORE_THAN_ITS_CREDIT,
        DATA_AFTER_ITS_END,
        LESS_THAN_ANNOUNCED,
        ANOTHER_REQUEST,
        A_RESPONSE_TO_NOTHING,
        NO_OPERATION
    }

    /** At any point of an honest exchange: RST for that connection, none of it delivered, and no other is concerned. */
    @Property(tries = 500)
    void isResetAndNobodyElse(
            @ForAll Random random,
            @ForAll Cheat cheat,
            @ForAll @IntRange(min = -20_000, max = 20_000) int counterStart) {
        VsockBudget budget = new VsockBudget(1 << 20);
        MuxerHarness harness = new MuxerHarness(MuxerHarness.limits(BUF_ALLOC, budget), counterStart);
        SeveralGuestSockets sockets = new SeveralGuestSockets(harness, 2, 10_000, counterStart);
        RecordingHandler handler = sockets.handlers.get(0);
        ModelGuest guest = sockets.guests.get(0);
        for (int step = random.nextInt(40); step > 0; step--) {
            int i = random.nextInt(2);
            switch (random.nextInt(4)) {
                case 0, 1 -> sockets.guests.get(i).write(1 + random.nextInt(9000));
                case 2 -> sockets.handlers.get(i).channel.request(1 + random.nextInt(9000));
                default -> sockets.take(random.nextInt(6));
            }
        }
        byte[] honest = guest.sent.toByteArray();
        int delivered = handler.received.size();
        sockets.take(Integer.MAX_VALUE);
        cheat(harness, guest, cheat, honest.length - delivered, random);

        List<MuxerHarness.Sent> answer = harness.drain();
        assertThat(answer).extracting(MuxerHarness.Sent::op).containsExactly(VsockOp.RST);
        assertThat(answer.get(0).header().dstPort()).isEqualTo(100);
        assertThat(handler.marks()).endsWith("reset").doesNotContain("closed");
        byte[] received = handler.received.toByteArray();
        assertThat(received).isEqualTo(Arrays.copyOf(honest, received.length));
        assertThat(received).hasSize(delivered);
        assertThat(harness.muxer.connectionCount()).isEqualTo(1);
        assertThat(budget.reserved()).isEqualTo(BUF_ALLOC);
        guest.send(VsockOp.RW, 0, new byte[1]);
        assertThat(harness.drainOps()).as("it is not known any more").containsExactly(VsockOp.RST);

        ModelGuest other = sockets.guests.get(1);
        for (int round = 0; round < 50; round++) {
            sockets.handlers.get(1).channel.request(Integer.MAX_VALUE);
            other.write(1000);
            sockets.take(Integer.MAX_VALUE);
        }
        sockets.handlers.get(1).channel.request(Integer.MAX_VALUE);
        assertThat(sockets.handlers.get(1).over()).isFalse();
        assertThat(sockets.handlers.get(1).received.size()).isGreaterThan(40_000);
    }

    private static void cheat(MuxerHarness harness, ModelGuest guest, Cheat cheat, int unread, Random random) {
        switch (cheat) {
            case MORE_THAN_ITS_CREDIT -> {
                int credit = ReceiveBuffer.creditFor(BUF_ALLOC) - unread;
                guest.send(VsockOp.RW, 0, new byte[credit + 1 + (random.nextBoolean() ? 0 : random.nextInt(5000))]);
            }
            case DATA_AFTER_ITS_END -> {
                guest.send(VsockOp.SHUTDOWN, VsockHeader.SHUTDOWN_SEND, new byte[0]);
                guest.send(VsockOp.RW, 0, new byte[1]);
            }
            case LESS_THAN_ANNOUNCED ->
                harness.send(
                        MuxerHarness.header(VsockOp.RW, 100, SeveralGuestSockets.HOST, 0, 10, 10_000, 0), new byte[9]);
            case ANOTHER_REQUEST -> guest.send(VsockOp.REQUEST, 0, new byte[0]);
            case A_RESPONSE_TO_NOTHING -> guest.send(VsockOp.RESPONSE, 0, new byte[0]);
            case NO_OPERATION -> guest.send(VsockOp.of(0), 0, new byte[0]);
        }
    }
}
