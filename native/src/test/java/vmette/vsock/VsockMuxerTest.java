package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.vsock.MuxerHarness.Sent;

class VsockMuxerTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final MuxerHarness harness = new MuxerHarness();
    private final List<VsockHost.IncomingRequest> requests = new ArrayList<>();
    private final List<VsockHost.IncomingRequest> gone = new ArrayList<>();
    private final VsockHost.Acceptor acceptor = new VsockHost.Acceptor() {
        @Override
        public void onRequest(VsockHost.IncomingRequest request) {
            requests.add(request);
        }

        @Override
        public void onRequestGone(VsockHost.IncomingRequest request) {
            gone.add(request);
        }
    };

    // ---- strangers

    @Test
    void everyPacketForNobodyGetsAnRstButAnRst() {
        for (VsockOp op : VsockOp.values()) {
            harness.send(op, 10, 20);
            List<Sent> sent = harness.drain();
            if (op == VsockOp.RST) {
                assertThat(sent).isEmpty();
            } else {
                assertThat(sent).extracting(Sent::op).as("%s", op).containsExactly(VsockOp.RST);
                assertThat(sent.get(0).header().srcPort()).isEqualTo(20);
                assertThat(sent.get(0).header().dstPort()).isEqualTo(10);
            }
        }
    }

    @Test
    void anotherTypeGetsAnRstOfThatTypeAndLeavesTheStreamAlone() {
        RecordingHandler handler = harness.accepted(GUEST, HOST, new RecordingHandler());
        for (VsockOp op : VsockOp.values()) {
            harness.send(new VsockHeader(3, 2, GUEST, HOST, 0, 2, op.wire(), 0, 0, 0), new byte[0]);
        }
        List<Sent> sent = harness.drain();
        assertThat(sent)
                .hasSize(VsockOp.values().length - 1)
                .allMatch(
                        packet -> packet.op() == VsockOp.RST && packet.header().type() == 2);
        assertThat(handler.events).containsExactly("open");
    }

    @Test
    void packetsFromOrToOtherCidsAreDropped() {
        harness.host.listen(HOST, 1, acceptor);
        harness.send(new VsockHeader(4, 2, GUEST, HOST, 0, 1, 1, 0, 0, 0), new byte[0]);
        harness.send(new VsockHeader(3, 1, GUEST, HOST, 0, 1, 1, 0, 0, 0), new byte[0]);
        harness.send(new VsockHeader(3, 0x1_0000_0002L, GUEST, HOST, 0, 1, 1, 0, 0, 0), new byte[0]);
        assertThat(requests).isEmpty();
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void theGuestIsNotHeardWhileItTakesNoReplies() {
        int sent = 0;
        while (harness.muxer.mayReceive()) {
            harness.send(VsockOp.RW, sent++, 20);
        }
        assertThat(sent).isEqualTo(harness.limits.maxPendingReplies());
        harness.poll(0);
        assertThat(harness.muxer.mayReceive()).isTrue();
    }

    // ---- listening

    @Test
    void aRequestIsAcceptedLaterAndAnsweredThen() {
        harness.host.listen(HOST, 1, acceptor);
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        assertThat(harness.drain()).isEmpty();
        assertThat(requests.get(0).remote()).isEqualTo(new VsockAddress(3, GUEST));
        assertThat(requests.get(0).local()).isEqualTo(new VsockAddress(2, HOST));

        RecordingHandler handler = new RecordingHandler();
        requests.get(0).accept(handler);
        assertThat(handler.events).containsExactly("open");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RESPONSE);
        harness.pass(harness.limits.acceptTimeout());
        assertThat(handler.events).containsExactly("open");
    }

    @Test
    void theFirstAnswerCounts() {
        harness.host.listen(HOST, 1, acceptor);
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        RecordingHandler first = new RecordingHandler();
        RecordingHandler second = new RecordingHandler();
        requests.get(0).accept(first);
        requests.get(0).accept(second);
        requests.get(0).reject();
        assertThat(first.events).containsExactly("open");
        assertThat(second.events).containsExactly("reset");
        assertThat(gone).isEmpty();
    }

    @Test
    void rejectionIsAnRst() {
        harness.host.listen(HOST, 1, acceptor);
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        requests.get(0).reject();
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(gone).isEmpty();
        assertThat(harness.muxer.connectionCount()).isZero();
    }

    @Test
    void oneBeyondTheBacklogGetsRst() {
        harness.host.listen(HOST, 2, acceptor);
        harness.send(VsockOp.REQUEST, 1, HOST);
        harness.send(VsockOp.REQUEST, 2, HOST);
        harness.send(VsockOp.REQUEST, 3, HOST);
        assertThat(requests).hasSize(2);
        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(packet -> packet.header().dstPort()).containsExactly(3);
        requests.get(0).accept(new RecordingHandler());
        harness.send(VsockOp.REQUEST, 3, HOST);
        assertThat(requests).as("a place was free again").hasSize(3);
    }

    @Test
    void aRequestNotAnsweredInTimeGetsRstAndGoes() {
        harness.host.listen(HOST, 1, acceptor);
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        harness.pass(harness.limits.acceptTimeout().minusNanos(1));
        assertThat(gone).isEmpty();
        harness.pass(Duration.ofNanos(1));
        assertThat(gone).isEqualTo(requests);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);

        RecordingHandler late = new RecordingHandler();
        requests.get(0).accept(late);
        assertThat(late.events).containsExactly("reset");
        assertThat(gone).hasSize(1);
    }

    @Test
    void aGuestMayGiveUpOrMisbehaveWhileItWaits() {
        harness.host.listen(HOST, 5, acceptor);
        harness.send(VsockOp.REQUEST, 1, HOST);
        harness.send(VsockOp.RST, 1, HOST);
        assertThat(gone).hasSize(1);
        assertThat(harness.drain()).isEmpty();
        harness.send(VsockOp.REQUEST, 2, HOST);
        harness.send(VsockOp.RW, 2, HOST, 0, new byte[1]);
        assertThat(gone).hasSize(2);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    @Test
    void anAcceptorThatThrowsHasSaidNo() {
        harness.host.listen(HOST, 1, request -> {
            throw new IllegalStateException("from the test");
        });
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    @Test
    void aPortHasOneListenerUntilItIsClosed() {
        VsockHost.Listener listener = harness.host.listen(HOST, 1, acceptor);
        assertThatThrownBy(() -> harness.host.listen(HOST, 1, acceptor))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("7000");
        listener.close();
        listener.close();
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(harness.host.listen(HOST, 1, acceptor).port()).isEqualTo(HOST);
        assertThat(harness.host.listen(0, 1, acceptor).port()).isEqualTo(50_000);
        assertThat(harness.host.listen(0, 1, acceptor).port()).isEqualTo(50_001);
        assertThatThrownBy(() -> harness.host.listen(-1, 1, acceptor)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> harness.host.listen(1, 0, acceptor)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void freePortsRunOut() {
        for (int i = 0; i < 10_000; i++) {
            harness.host.listen(0, 1, acceptor);
        }
        assertThatThrownBy(() -> harness.host.listen(0, 1, acceptor)).isInstanceOf(VsockException.class);
    }

    // ---- limits

    @Test
    void connectionsAreLimitedByNumberVmAndProcess() {
        VsockBudget budget = new VsockBudget(3 * 16 * 1024);
        VsockLimits byProcess = MuxerHarness.limits(16 * 1024, budget);
        MuxerHarness other = new MuxerHarness(byProcess, 0);
        for (int i = 0; i < 3; i++) {
            other.host.connect(GUEST, TIMEOUT, new RecordingHandler());
        }
        RecordingHandler fourth = new RecordingHandler();
        other.host.connect(GUEST, TIMEOUT, fourth);
        assertThat(fourth.cause).hasMessageContaining("process");
        other.host.listen(HOST, 5, acceptor);
        other.drain();
        other.send(VsockOp.REQUEST, GUEST, HOST);
        assertThat(other.drainOps()).containsExactly(VsockOp.RST);
        assertThat(requests).isEmpty();
        other.muxer.close("the VM ended");
        assertThat(budget.reserved()).isZero();

        for (int i = 0; i < harness.limits.maxConnections(); i++) {
            harness.host.connect(GUEST, TIMEOUT, new RecordingHandler());
        }
        RecordingHandler last = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, last);
        assertThat(last.cause).hasMessageContaining("16 connections");
    }

    @Test
    void aGuestThatTakesAllItCanLeavesTheHostItsShare() {
        VsockBudget budget = new VsockBudget(64L * 16 * 1024);
        MuxerHarness greedy = new MuxerHarness(MuxerHarness.limits(16 * 1024, budget), 0);
        greedy.host.listen(HOST, 100, request -> request.accept(new RecordingHandler()));
        for (int port = 1; port <= 100; port++) {
            greedy.send(VsockOp.REQUEST, port, HOST);
            greedy.drain();
        }
        assertThat(greedy.muxer.connectionCount()).isEqualTo(12);
        RecordingHandler agent = new RecordingHandler();
        greedy.host.connect(GUEST, TIMEOUT, agent);
        assertThat(greedy.drainOps()).containsExactly(VsockOp.REQUEST);

        for (int vm = 0; vm < 10; vm++) {
            MuxerHarness another = new MuxerHarness(MuxerHarness.limits(16 * 1024, budget), 0);
            another.host.listen(HOST, 100, request -> request.accept(new RecordingHandler()));
            for (int port = 1; port <= 16; port++) {
                another.send(VsockOp.REQUEST, port, HOST);
                another.drain();
            }
        }
        assertThat(budget.reserved()).isEqualTo(48L * 16 * 1024);
        MuxerHarness latecomer = new MuxerHarness(MuxerHarness.limits(16 * 1024, budget), 0);
        latecomer.host.connect(GUEST, TIMEOUT, agent);
        assertThat(latecomer.drainOps()).containsExactly(VsockOp.REQUEST);
    }

    @Test
    void whatIsQueuedForAVmThatTakesNothingIsBoundedOverAllItsConnections() {
        int chunk = 16 * 1024;
        int buffer = 64 * 1024;
        VsockLimits limits = new VsockLimits(
                buffer, 16L * buffer, new VsockBudget(1 << 30), 16, TIMEOUT, TIMEOUT, 1 << 20, 1 << 19, 32, 4);
        MuxerHarness echo = new MuxerHarness(limits, 0);
        List<RecordingHandler> handlers = new ArrayList<>();
        for (int port = 1; port <= 12; port++) {
            handlers.add(echo.accepted(port, HOST, new RecordingHandler()));
        }
        for (RecordingHandler handler : handlers) {
            while (handler.channel.write(new byte[chunk], 0, chunk)) {
                // until it is told to pause
            }
        }
        assertThat(echo.muxer.writes().queued())
                .isLessThanOrEqualTo(16L * buffer / 4 + 13L * (chunk + SendQueue.OVERHEAD));

        // A guest that nibbles gets no further: only an empty queue is filled again while all are too full together.
        for (int i = 0; i < 12; i++) {
            echo.poll(1);
        }
        assertThat(handlers).allSatisfy(handler -> assertThat(handler.marks()).containsExactly("open"));
        echo.drain();
        assertThat(handlers).allSatisfy(handler -> assertThat(handler.marks()).containsExactly("open", "writable"));
        assertThat(echo.muxer.writes().queued()).isZero();
    }

    @Test
    void aVmStaysWithinItsOwnBudget() {
        VsockLimits limits =
                new VsockLimits(16 * 1024, 40 * 1024, new VsockBudget(1 << 30), 16, TIMEOUT, TIMEOUT, 100, 10, 32, 4);
        MuxerHarness small = new MuxerHarness(limits, 0);
        small.host.connect(GUEST, TIMEOUT, new RecordingHandler());
        small.host.connect(GUEST, TIMEOUT, new RecordingHandler());
        RecordingHandler third = new RecordingHandler();
        small.host.connect(GUEST, TIMEOUT, third);
        assertThat(third.cause).hasMessageContaining("VM's vsock budget");
    }

    @Test
    void limitsAreChecked() {
        VsockBudget budget = new VsockBudget(1);
        assertThatThrownBy(() -> new VsockLimits(100, 1 << 20, budget, 16, TIMEOUT, TIMEOUT, 100, 10, 32, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bufAlloc");
        assertThatThrownBy(() -> new VsockLimits(1 << 20, 1 << 20, budget, 16, Duration.ZERO, TIMEOUT, 100, 10, 32, 4))
                .hasMessageContaining("acceptTimeout");
        assertThatThrownBy(() -> new VsockLimits(1 << 20, 1 << 20, budget, 16, TIMEOUT, TIMEOUT, 100, 101, 32, 4))
                .hasMessageContaining("writeLowWater");
        assertThatThrownBy(() -> new VsockBudget(0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(VsockLimits.defaults(budget).bufAlloc()).isEqualTo(256 * 1024);
    }

    @Test
    void aGuestInAHurryPilesNothingUp() {
        harness.host.listen(HOST, 1, request -> request.accept(new RecordingHandler()));
        for (int i = 0; i < 10_000; i++) {
            harness.send(VsockOp.REQUEST, i, HOST);
            harness.send(VsockOp.RST, i, HOST);
        }
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(harness.expiries.isEmpty()).isTrue();
        assertThat(harness.drain())
                .as("no RX buffer was there, and nothing is left to say")
                .isEmpty();
        assertThat(harness.limits.budget().reserved()).isZero();
    }

    // ---- the ends of a transport and of a VM

    @Test
    void aTransportResetSparesDialsThatTheGuestHasNotSeen() {
        RecordingHandler open = harness.accepted(GUEST, HOST, new RecordingHandler());
        RecordingHandler seen = new RecordingHandler();
        harness.host.connect(1, TIMEOUT, seen);
        harness.drain();
        RecordingHandler unseen = new RecordingHandler();
        harness.host.connect(2, TIMEOUT, unseen);
        harness.muxer.transportReset();
        assertThat(open.events).containsExactly("open", "reset");
        assertThat(seen.events).containsExactly("reset");
        assertThat(unseen.events).isEmpty();
        assertThat(harness.drainOps()).containsExactly(VsockOp.REQUEST);
    }

    @Test
    void theEndOfTheVmEndsAllButWhatIsComplete() {
        RecordingHandler open = harness.accepted(1, HOST, new RecordingHandler());
        RecordingHandler complete = harness.accepted(2, HOST, new RecordingHandler());
        harness.send(VsockOp.RW, 2, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, 2, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);
        RecordingHandler dialling = new RecordingHandler();
        harness.host.connect(3, TIMEOUT, dialling);
        harness.host.listen(HOST, 1, acceptor);
        harness.send(VsockOp.REQUEST, 4, HOST);

        harness.muxer.close("the VM ended");
        harness.muxer.close("again");
        assertThat(open.cause).isInstanceOf(VsockResetException.class).hasMessageContaining("the VM ended");
        assertThat(dialling.cause).isInstanceOf(VsockResetException.class).hasMessageContaining("the VM ended");
        assertThat(gone).isEqualTo(requests).hasSize(1);
        assertThat(complete.marks()).containsExactly("open", "refused");
        complete.channel.request(10);
        assertThat(complete.events).endsWith("data 10", "end", "closed");
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(harness.limits.budget().reserved()).isZero();

        RecordingHandler late = new RecordingHandler();
        harness.host.connect(3, TIMEOUT, late);
        assertThat(late.cause).hasMessageContaining("the VM ended");
        assertThatThrownBy(() -> harness.host.listen(HOST, 1, acceptor)).isInstanceOf(VsockException.class);
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void connectionsTakeTurns() {
        RecordingHandler first = harness.accepted(1, HOST, new RecordingHandler());
        RecordingHandler second = harness.accepted(2, HOST, new RecordingHandler());
        first.channel.write(new byte[20_000], 0, 20_000);
        second.channel.write(new byte[8_000], 0, 8_000);
        assertThat(harness.drain())
                .extracting(packet -> packet.header().dstPort())
                .startsWith(1, 2, 1, 2, 1);
    }

    @Test
    void impossibleDialsAreRefused() {
        assertThatThrownBy(() -> harness.host.connect(0, TIMEOUT, new RecordingHandler()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> harness.host.connect(-1, TIMEOUT, new RecordingHandler()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> harness.host.connect(1, Duration.ZERO, new RecordingHandler()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
