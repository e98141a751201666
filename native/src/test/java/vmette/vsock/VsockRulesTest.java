package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.VsockResetException;
import vmette.vsock.MuxerHarness.Sent;

/** The rules of virtio 1.2, section 5.10.6, one by one, at their edges. */
class VsockRulesTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final MuxerHarness harness = new MuxerHarness();

    private RecordingHandler accepted() {
        return harness.accepted(GUEST, HOST, new RecordingHandler());
    }

    private void credit(int bufAlloc, int fwdCnt) {
        harness.send(MuxerHarness.header(VsockOp.CREDIT_UPDATE, GUEST, HOST, 0, 0, bufAlloc, fwdCnt), new byte[0]);
    }

    // ---- SHUTDOWN

    /** What the guest's hint does to a connection whose reader waits for nothing and whose writer has bytes queued. */
    @ParameterizedTest
    @CsvSource({
        "0, open, RW",
        "1, open refused, ''",
        "2, open end, RW",
        "3, open refused end closed, RST",
        "-4, open, RW",
        "-1, open refused end closed, RST"
    })
    void everyHintIsObeyedAndUnknownBitsAreNone(int flags, String marks, String answer) {
        RecordingHandler handler = accepted();
        credit(0, 0);
        handler.channel.write(new byte[10], 0, 10);
        harness.drain();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, flags, new byte[0]);
        assertThat(String.join(" ", handler.marks())).isEqualTo(marks);
        assertThat(String.join(
                        " ", harness.drainOps().stream().map(VsockOp::name).toList()))
                .isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 1", "2, 3", "1, 3", "3, 3"})
    void hintsAddUp(int first, int second) {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, first, new byte[0]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, second, new byte[0]);
        assertThat(handler.marks()).contains("end", "refused").endsWith("closed");
        assertThat(harness.drainOps()).startsWith(VsockOp.RST);
        assertThat(harness.muxer.connectionCount()).isZero();
    }

    @Test
    void bothSidesMayCloseAtTheSameTime() {
        RecordingHandler handler = accepted();
        handler.channel.shutdownOutput();
        handler.channel.shutdownInput();
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        // sent before the guest saw ours
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);
        assertThat(handler.marks()).containsExactly("open", "closed");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        // and its answer to ours
        harness.send(VsockOp.RST, GUEST, HOST);
        assertThat(harness.drain()).isEmpty();
        assertThat(harness.expiries.isEmpty()).isTrue();
        assertThat(harness.limits.budget().reserved()).isZero();
    }

    @Test
    void theShutdownTimeoutRunsFromTheEndOfBothHalvesOnly() {
        RecordingHandler handler = accepted();
        handler.channel.shutdownOutput();
        harness.drain();
        harness.pass(harness.limits.shutdownTimeout().multipliedBy(10));
        assertThat(handler.marks()).containsExactly("open");
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        harness.pass(harness.limits.shutdownTimeout().minusNanos(1));
        assertThat(handler.marks()).containsExactly("open", "end");
        harness.pass(Duration.ofNanos(1));
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(handler.marks()).containsExactly("open", "end", "closed");
    }

    @Test
    void aGuestThatHoldsOnToTheEndGetsNoMoreTimeByTalking() {
        RecordingHandler handler = accepted();
        handler.channel.shutdownOutput();
        handler.channel.shutdownInput();
        harness.drain();
        for (int i = 0; i < 4; i++) {
            harness.pass(harness.limits.shutdownTimeout().dividedBy(4));
            harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        }
        assertThat(handler.marks()).containsExactly("open", "closed");
        assertThat(harness.drainOps()).contains(VsockOp.RST);
        assertThat(harness.muxer.connectionCount()).isZero();
    }

    // ---- credit

    @Test
    void everyCreditRequestIsAnswered() {
        RecordingHandler handler = accepted();
        for (int i = 0; i < 3; i++) {
            harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
            assertThat(harness.drainOps()).containsExactly(VsockOp.CREDIT_UPDATE);
        }
        credit(0, 0);
        handler.channel.write(new byte[10], 0, 10);
        assertThat(harness.drainOps()).containsExactly(VsockOp.CREDIT_REQUEST);
        harness.send(MuxerHarness.header(VsockOp.CREDIT_REQUEST, GUEST, HOST, 0, 0, 0, 0), new byte[0]);
        assertThat(harness.drainOps()).as("without credit of our own").containsExactly(VsockOp.CREDIT_UPDATE);
        handler.channel.shutdownInput();
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        harness.send(MuxerHarness.header(VsockOp.CREDIT_REQUEST, GUEST, HOST, 0, 0, 0, 0), new byte[0]);
        assertThat(harness.drainOps()).as("though more is refused").containsExactly(VsockOp.CREDIT_UPDATE);
        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        assertThat(harness.drainOps()).as("any packet carries the numbers").containsExactly(VsockOp.RW);
        handler.channel.shutdownOutput();
        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        assertThat(harness.drainOps()).as("while the end waits for the RST").containsExactly(VsockOp.CREDIT_UPDATE);
    }

    @Test
    void aBufferThatShrinksStopsUsUntilItIsReadAndOneThatGrowsLetsUsOn() {
        RecordingHandler handler = accepted();
        credit(8000, 0);
        handler.channel.write(new byte[20_000], 0, 20_000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(8000);
        credit(3000, 4000);
        assertThat(MuxerHarness.payload(harness.drain())).as("4000 are unread").isEmpty();
        credit(3000, 6000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(1000);
        credit(0, 9000);
        assertThat(MuxerHarness.payload(harness.drain())).isEmpty();
        credit(-1, 9000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(11_000);
        assertThat(handler.marks()).containsExactly("open");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5001, 1 << 20, Integer.MAX_VALUE})
    void aCountThatIsAheadOfWhatWasSentGivesNothingAndTheTruthGivesItBack(int ahead) {
        RecordingHandler handler = accepted();
        credit(5000, 0);
        handler.channel.write(new byte[9000], 0, 9000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(5000);
        credit(5000, 5000 + ahead);
        assertThat(MuxerHarness.payload(harness.drain())).isEmpty();
        credit(5000, 5000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(4000);
        assertThat(handler.marks()).containsExactly("open");
    }

    @Test
    void aCountThatGoesBackTakesCreditAway() {
        RecordingHandler handler = accepted();
        credit(5000, 0);
        handler.channel.write(new byte[20_000], 0, 20_000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(5000);
        credit(5000, 4000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(4000);
        credit(5000, 1000);
        assertThat(MuxerHarness.payload(harness.drain())).isEmpty();
        credit(5000, 9000);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(5000);
    }

    @Test
    void aCheatGetsRstWhetherAnybodyReadsOrNot() {
        for (boolean refused : new boolean[] {false, true}) {
            RecordingHandler handler = accepted();
            if (refused) {
                handler.channel.shutdownInput();
            }
            int credit = ReceiveBuffer.creditFor(harness.limits.bufAlloc());
            harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[credit]);
            harness.drain();
            harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[1]);
            assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
            assertThat(handler.cause).isInstanceOf(VsockResetException.class).hasMessageContaining("credit");
            assertThat(harness.charge()).isZero();
        }
    }

    @Test
    void bytesWrittenAfterTheGuestRefusedMoreAreCountedNeitherWay() {
        RecordingHandler handler = accepted();
        RecordingHandler other = harness.accepted(GUEST + 1, HOST, new RecordingHandler());
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_RECEIVE, new byte[0]);
        for (int i = 0; i < 100; i++) {
            assertThat(handler.channel.write(new byte[1000], 0, 1000)).isTrue();
        }
        assertThat(harness.muxer.writes().queued()).isZero();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);
        handler.channel.write(new byte[1000], 0, 1000);
        assertThat(harness.muxer.writes().queued()).isZero();
        other.channel.write(new byte[1000], 0, 1000);
        assertThat(harness.muxer.writes().queued()).isEqualTo(1000 + SendQueue.OVERHEAD);
        other.channel.reset();
        other.channel.write(new byte[1000], 0, 1000);
        assertThat(harness.muxer.writes().queued()).isZero();
    }

    // ---- ports

    /** A second REQUEST for ports in use ends what is there: the guest has forgotten it, or plays. */
    @ParameterizedTest
    @EnumSource(
            value = ConnectionState.class,
            names = {"CONNECTING", "REQUESTED", "ESTABLISHED", "CLOSING"})
    void aRequestForAPairInUseIsAnsweredByRst(ConnectionState state) {
        List<VsockHost.IncomingRequest> requests = new ArrayList<>();
        harness.host.listen(HOST, 5, requests::add);
        RecordingHandler handler = new RecordingHandler();
        int hostPort = HOST;
        if (state == ConnectionState.CONNECTING) {
            harness.host.connect(GUEST, TIMEOUT, handler);
            hostPort = harness.drain().get(0).header().srcPort();
        } else {
            harness.send(VsockOp.REQUEST, GUEST, HOST);
            if (state != ConnectionState.REQUESTED) {
                requests.get(0).accept(handler);
            }
            if (state == ConnectionState.CLOSING) {
                handler.channel.shutdownInput();
                handler.channel.shutdownOutput();
            }
            harness.drain();
        }
        harness.send(VsockOp.REQUEST, GUEST, hostPort);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(requests).hasSizeLessThan(2);
    }

    @Test
    void portsAreFreeAgainWhileTheirFormerBytesWaitForTheirReader() {
        RecordingHandler first = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);
        RecordingHandler second = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[20]);
        assertThat(harness.muxer.connectionCount()).isEqualTo(2);
        first.channel.request(100);
        second.channel.request(100);
        assertThat(first.events).containsExactly("open", "refused", "data 10", "end", "closed");
        assertThat(second.events).containsExactly("open", "data 20");
        second.channel.reset();
        assertThat(harness.muxer.connectionCount()).isZero();
    }

    @Test
    void anRstThatWaitsForABufferDoesNotHitTheNextUserOfThePorts() {
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        harness.send(VsockOp.REQUEST, GUEST + 1, HOST);
        RecordingHandler handler = new RecordingHandler();
        harness.host.listen(HOST, 1, request -> request.accept(handler));
        harness.send(VsockOp.REQUEST, GUEST, HOST);
        List<Sent> sent = harness.drain();
        assertThat(sent.stream()
                        .filter(packet -> packet.header().dstPort() == GUEST)
                        .map(Sent::op))
                .containsExactly(VsockOp.RESPONSE);
        assertThat(sent.stream()
                        .filter(packet -> packet.header().dstPort() == GUEST + 1)
                        .map(Sent::op))
                .containsExactly(VsockOp.RST);
        assertThat(handler.events).containsExactly("open");
    }

    @Test
    void dialPortsRunOnWrapAndPassOverThoseInUse() {
        ConnectionTable table = new ConnectionTable(harness.limits, Integer.MAX_VALUE - 1);
        assertThat(table.dialKey(GUEST, port -> false).hostPort()).isEqualTo(Integer.MAX_VALUE - 1);
        ConnectionKey last = table.dialKey(GUEST, port -> false);
        assertThat(last.hostPort()).isEqualTo(Integer.MAX_VALUE);
        assertThat(table.dialKey(GUEST, port -> port == 1 << 30).hostPort())
                .as("listened on")
                .isEqualTo((1 << 30) + 1);
        ConnectionKey next = new ConnectionKey(GUEST, (1 << 30) + 2);
        table.add(new VsockConnection(VsockType.STREAM, next, harness.muxer, ConnectionState.CONNECTING, 0));
        assertThat(table.dialKey(GUEST, port -> false).hostPort()).as("in use").isEqualTo((1 << 30) + 3);
        assertThat(table.dialKey(GUEST + 1, port -> false).hostPort()).isEqualTo((1 << 30) + 4);
    }

    /** In a guest that was restored the kernel still has something to say to those of before. */
    @Test
    void eachDeviceDialsFromPortsOfItsOwn() {
        List<Integer> first = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            first.add(ConnectionTable.dialling(harness.limits)
                    .dialKey(GUEST, port -> false)
                    .hostPort());
        }
        assertThat(first).doesNotHaveDuplicates().allMatch(port -> port >= 1 << 30);
    }

    // ---- the transport

    @Test
    void aTransportResetCompletesWhatWasEndedInOrder() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        handler.channel.shutdownOutput();
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        harness.muxer.transportReset();
        handler.channel.request(100);
        assertThat(handler.events).containsExactly("open", "data 10", "end", "closed");
        assertThat(harness.drain()).as("the new driver knows nothing of it").isEmpty();
        assertThat(harness.expiries.isEmpty()).isTrue();
        assertThat(harness.limits.budget().reserved()).isZero();
    }

    @Test
    void aTransportResetForgetsTheRstsThatWait() {
        harness.send(VsockOp.RW, GUEST, HOST);
        harness.muxer.transportReset();
        assertThat(harness.drain()).isEmpty();
        assertThat(harness.muxer.mayReceive()).isTrue();
    }

    // ---- replies and connections

    @Test
    void aGuestThatProvokesRstsWithoutEndDoesNotSilenceItsConnections() {
        RecordingHandler handler = accepted();
        handler.channel.write(new byte[20_000], 0, 20_000);
        int fromConnection = 0;
        for (int i = 0; i < 20; i++) {
            while (harness.muxer.mayReceive()) {
                harness.send(VsockOp.RW, 10 + i, 20);
            }
            Sent sent = harness.poll(1000);
            fromConnection += sent.op() == VsockOp.RW ? 1 : 0;
        }
        assertThat(fromConnection).isEqualTo(10);
    }
}
