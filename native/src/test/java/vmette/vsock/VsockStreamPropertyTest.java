package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Streams between the host and a guest that keeps the rules, under any order of events and with any counters. */
class VsockStreamPropertyTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;

    private enum Step {
        GUEST_WRITES,
        HOST_WRITES,
        GUEST_GIVES_BUFFERS,
        HOST_ASKS,
        GUEST_READS,
        GUEST_ASKS_CREDIT,
        GUEST_ENDS,
        HOST_ENDS
    }

    private record Action(Step step, int amount) {}

    @Provide
    Arbitrary<List<Action>> actions() {
        Arbitrary<Step> steps = Arbitraries.frequency(
                Tuple.of(8, Step.GUEST_WRITES),
                Tuple.of(8, Step.HOST_WRITES),
                Tuple.of(8, Step.GUEST_GIVES_BUFFERS),
                Tuple.of(8, Step.HOST_ASKS),
                Tuple.of(8, Step.GUEST_READS),
                Tuple.of(2, Step.GUEST_ASKS_CREDIT),
                Tuple.of(1, Step.GUEST_ENDS),
                Tuple.of(1, Step.HOST_ENDS));
        Arbitrary<Integer> amounts = Arbitraries.integers().between(1, 40_000);
        return Combinators.combine(steps, amounts).as(Action::new).list().ofMaxSize(120);
    }

    @Property(tries = 500)
    void everyByteArrivesInOrderWithinTheCredit(
            @ForAll("actions") List<Action> actions,
            @ForAll @IntRange(min = -100_000, max = 100_000) int counterStart,
            @ForAll @IntRange(min = 1, max = 50_000) int guestAlloc,
            @ForAll @IntRange(min = 16, max = 64) int hostKib) {
        VsockBudget budget = new VsockBudget(1 << 20);
        MuxerHarness harness = new MuxerHarness(MuxerHarness.limits(hostKib * 1024, budget), counterStart);
        RecordingHandler handler = new RecordingChunksHandler();
        harness.host.listen(HOST, 1, request -> request.accept(handler));
        ModelGuest guest = new ModelGuest(harness, GUEST, HOST, guestAlloc, counterStart);
        guest.send(VsockOp.REQUEST, 0, new byte[0]);
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        boolean hostEnded = false;

        for (Action action : actions) {
            switch (action.step) {
                case GUEST_WRITES -> guest.write(action.amount);
                case HOST_WRITES -> {
                    if (!hostEnded) {
                        byte[] data = MuxerHarness.bytes(action.amount % 9000, action.amount);
                        written.writeBytes(data);
                        handler.channel.write(data, 0, data.length);
                    }
                }
                case GUEST_GIVES_BUFFERS -> take(harness, guest, handler, action.amount % 8, action.amount % 5000);
                case HOST_ASKS -> {
                    if (action.amount % 2 == 0) {
                        handler.channel.request(action.amount);
                    } else {
                        handler.channel.requestChunks(action.amount);
                    }
                }
                case GUEST_READS -> guest.read(action.amount);
                case GUEST_ASKS_CREDIT -> {
                    if (!guest.reset) {
                        guest.send(VsockOp.CREDIT_REQUEST, 0, new byte[0]);
                    }
                }
                case GUEST_ENDS -> guest.end();
                case HOST_ENDS -> {
                    hostEnded = true;
                    handler.channel.shutdownOutput();
                }
            }
            assertThat(harness.charge()).isLessThanOrEqualTo(hostKib * 1024);
            assertThat(handler.marks()).doesNotContain("reset", "refused");
        }

        guest.end();
        handler.channel.shutdownOutput();
        for (int round = 0; !handler.over(); round++) {
            assertThat(round).as("rounds until the end").isLessThan(20_000 + 2 * written.size());
            take(harness, guest, handler, 16, 4096);
            guest.read(Integer.MAX_VALUE);
            handler.channel.request(Integer.MAX_VALUE);
        }
        assertThat(handler.received.toByteArray()).isEqualTo(guest.sent.toByteArray());
        assertThat(guest.received.toByteArray()).isEqualTo(written.toByteArray());
        assertThat(handler.marks().stream().filter(mark -> !mark.equals("writable")))
                .containsExactly("open", "end", "closed");
        assertThat(budget.reserved()).isZero();
        assertThat(harness.expiries.isEmpty()).isTrue();
    }

    private static void take(
            MuxerHarness harness, ModelGuest guest, RecordingHandler handler, int buffers, int capacity) {
        for (int i = 0; i < buffers; i++) {
            MuxerHarness.Sent packet = harness.poll(capacity);
            if (packet == null) {
                return;
            }
            guest.take(packet, handler.received.size());
        }
    }

    /** A guest that blocks until the whole of what it has to say fits gets its credit, whatever the reader's steps. */
    @Property(tries = 100)
    void aBlockedGuestIsAlwaysToldOfFreeSpace(
            @ForAll @IntRange(min = 1, max = 70_000) int step,
            @ForAll @IntRange(min = 1, max = 20_000) int packet,
            @ForAll boolean cautious,
            @ForAll @IntRange(min = -100_000, max = 100_000) int offset,
            @ForAll boolean signWraps) {
        int counterStart = offset + (signWraps ? Integer.MIN_VALUE : 0);
        MuxerHarness harness = new MuxerHarness(MuxerHarness.limits(32 * 1024, new VsockBudget(1 << 20)), counterStart);
        RecordingHandler handler = new RecordingHandler();
        harness.host.listen(HOST, 1, request -> request.accept(handler));
        ModelGuest guest = new ModelGuest(harness, GUEST, HOST, 1000, counterStart);
        guest.cautious = cautious;
        guest.send(VsockOp.REQUEST, 0, new byte[0]);
        take(harness, guest, handler, 1, 0);
        int goal = 40_000;
        int stepAtLeast = Math.max(step, 16);
        for (int round = 0; guest.sent.size() < goal; round++) {
            assertThat(round).as("rounds").isLessThan(1_000_000);
            int before = guest.sent.size();
            guest.write(packet);
            take(harness, guest, handler, 4, 0);
            if (guest.sent.size() == before) {
                handler.channel.request(stepAtLeast);
                take(harness, guest, handler, 4, 0);
            }
        }
    }
}
