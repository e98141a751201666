package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.vsock.MuxerHarness.Sent;

class VsockConnectionTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final MuxerHarness harness = new MuxerHarness();

    private RecordingHandler accepted() {
        return harness.accepted(GUEST, HOST, new RecordingHandler());
    }

    // ---- opening

    @Test
    void dialSendsARequestWithItsCreditAndOpensOnTheResponse() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);

        List<Sent> sent = harness.drain();
        assertThat(sent).hasSize(1);
        VsockHeader request = sent.get(0).header();
        assertThat(sent.get(0).op()).isEqualTo(VsockOp.REQUEST);
        assertThat(request.srcCid()).isEqualTo(2);
        assertThat(request.dstCid()).isEqualTo(MuxerHarness.GUEST_CID);
        assertThat(request.dstPort()).isEqualTo(GUEST);
        assertThat(request.srcPort()).isEqualTo(1 << 30);
        assertThat(request.bufAlloc()).isPositive().isLessThanOrEqualTo(harness.limits.bufAlloc());
        assertThat(handler.events).isEmpty();

        harness.send(VsockOp.RESPONSE, GUEST, request.srcPort());
        assertThat(handler.events).containsExactly("open");
        assertThat(handler.channel.local()).hasToString("2:1073741824");
        assertThat(handler.channel.remote()).hasToString("3:1024");
        assertThat(harness.expiries.isEmpty()).isTrue();
    }

    @Test
    void dialIsRefusedByRst() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);
        int port = harness.drain().get(0).header().srcPort();
        harness.send(VsockOp.RST, GUEST, port);

        assertThat(handler.events).containsExactly("reset");
        assertThat(handler.cause).isNotInstanceOf(VsockResetException.class).hasMessageContaining("refused");
        assertThat(harness.drain()).isEmpty();
        assertThat(harness.muxer.connectionCount()).isZero();
    }

    @Test
    void dialThatIsNotAnsweredTimesOutAndTellsTheGuest() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);
        harness.drain();
        harness.pass(TIMEOUT.minusNanos(1));
        assertThat(handler.events).isEmpty();
        harness.pass(Duration.ofNanos(1));

        assertThat(handler.events).containsExactly("reset");
        assertThat(handler.cause).hasMessageContaining("did not answer");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    @Test
    void dialThatNeverReachedTheGuestTimesOutWithoutAWord() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);
        harness.pass(TIMEOUT);

        assertThat(handler.cause).isExactlyInstanceOf(VsockException.class).hasMessageContaining("took no packet");
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void aResponseToARequestThatWasNotSentIsAViolation() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);
        harness.send(VsockOp.RESPONSE, GUEST, 1 << 30);
        assertThat(handler.events).containsExactly("reset");
    }

    @Test
    void dataBeforeTheResponseIsAViolation() {
        RecordingHandler handler = new RecordingHandler();
        harness.host.connect(GUEST, TIMEOUT, handler);
        int port = harness.drain().get(0).header().srcPort();
        harness.send(VsockOp.RW, GUEST, port, 0, new byte[3]);
        assertThat(handler.events).containsExactly("reset");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    // ---- receiving

    /** Recent kernels do not; their buffer is 256 KiB, or what the program set. */
    @Test
    void aGuestWhoseOwnBufferIsSmallerThanOursGoesOnAsItIsRead() {
        RecordingHandler handler = accepted();
        int own = 8 * 1024;
        int sent = 0;
        for (int round = 0; round < 10; round++) {
            handler.channel.request(own);
            harness.send(MuxerHarness.header(VsockOp.RW, GUEST, HOST, 0, own, own, 0), new byte[own]);
            sent += own;
            List<Sent> answers = harness.drain();
            assertThat(answers).extracting(Sent::op).containsExactly(VsockOp.CREDIT_UPDATE);
            assertThat(answers.get(0).header().fwdCnt()).isEqualTo(sent);
        }
    }

    @Test
    void nothingIsDeliveredAndNoCreditReturnedWithoutDemand() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[100]);
        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);

        assertThat(handler.marks()).containsExactly("open");
        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.CREDIT_UPDATE);
        assertThat(sent.get(0).header().fwdCnt()).isZero();

        handler.channel.request(1000);
        assertThat(handler.events).containsExactly("open", "data 100");
        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        assertThat(harness.drain().get(0).header().fwdCnt()).isEqualTo(100);
    }

    @Test
    void demandIsForOneChunkOfAtMostItsSize() {
        RecordingHandler handler = accepted();
        byte[] data = MuxerHarness.bytes(100, 1);
        handler.channel.request(30);
        harness.send(VsockOp.RW, GUEST, HOST, 0, data);
        assertThat(handler.events).containsExactly("open", "data 30");
        handler.channel.request(50);
        handler.channel.request(50);
        assertThat(handler.received.toByteArray()).isEqualTo(data);
        handler.channel.request(1);
        handler.channel.request(7);
        harness.send(VsockOp.RW, GUEST, HOST, 0, data);
        assertThat(handler.events).endsWith("data 50", "data 20", "data 7");
    }

    private byte[] sendFourChunks() {
        byte[] data = MuxerHarness.bytes(4 * ReceiveBuffer.SMALL, 1);
        for (int i = 0; i < 4; i++) {
            byte[] piece = Arrays.copyOfRange(data, i * ReceiveBuffer.SMALL, (i + 1) * ReceiveBuffer.SMALL);
            harness.send(VsockOp.RW, GUEST, HOST, 0, piece);
        }
        return data;
    }

    @Test
    void whoTakesOneChunkAtATimeGetsOneHoweverItAsks() {
        RecordingHandler handler = harness.accepted(GUEST, HOST, new RecordingHandler());
        byte[] data = sendFourChunks();
        for (int asked = 1; asked <= 4; asked++) {
            handler.channel.requestChunks(data.length);
            assertThat(handler.events).hasSize(1 + asked).endsWith("data 4096");
        }
        assertThat(handler.received.toByteArray()).isEqualTo(data);
    }

    @Test
    void severalChunksComeAtOnceWhereTheyAreAskedForAndFitWhole() {
        RecordingChunksHandler handler = harness.accepted(GUEST, HOST, new RecordingChunksHandler());
        byte[] data = sendFourChunks();
        handler.channel.request(data.length);
        assertThat(handler.events).containsExactly("open", "data 4096");
        handler.channel.requestChunks(2 * ReceiveBuffer.SMALL + 1);
        assertThat(handler.batches).containsExactly(2);
        handler.channel.requestChunks(data.length);
        assertThat(handler.batches).as("one alone comes as it always does").containsExactly(2);
        assertThat(handler.received.toByteArray()).isEqualTo(data);

        harness.send(VsockOp.CREDIT_REQUEST, GUEST, HOST);
        assertThat(harness.drain()).extracting(each -> each.header().fwdCnt()).endsWith(data.length);
        harness.send(VsockOp.RW, GUEST, HOST, 0, data);
        assertThat(handler.received.size()).as("the demand is used up").isEqualTo(data.length);
    }

    @Test
    void theCreditUpdateGoesOutOnConsumption() {
        RecordingHandler handler = accepted();
        int all = ReceiveBuffer.creditFor(harness.limits.bufAlloc());
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[all]);
        assertThat(harness.drain()).as("nothing to tell yet").isEmpty();
        handler.channel.request(Integer.MAX_VALUE);

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.CREDIT_UPDATE);
        assertThat(sent.get(0).header().fwdCnt()).isEqualTo(handler.received.size());
    }

    @Test
    void aByteMoreThanTheCreditIsAReset() {
        RecordingHandler handler = accepted();
        int all = ReceiveBuffer.creditFor(harness.limits.bufAlloc());
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[all]);
        assertThat(handler.marks()).containsExactly("open");
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[1]);

        assertThat(handler.marks()).containsExactly("open", "reset");
        assertThat(handler.cause).hasMessageContaining("credit");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(harness.limits.budget().reserved()).isZero();
    }

    @Test
    void anEmptyRwChangesNothing() {
        RecordingHandler handler = accepted();
        handler.channel.request(10);
        harness.send(VsockOp.RW, GUEST, HOST);
        assertThat(handler.events).containsExactly("open");
        assertThat(harness.drain()).isEmpty();
    }

    // ---- sending

    @Test
    void writesAreJoinedAndCutToFitTheBuffers() {
        RecordingHandler handler = accepted();
        byte[] data = MuxerHarness.bytes(10_000, 2);
        assertThat(handler.channel.write(data, 0, 10)).isTrue();
        handler.channel.write(data, 10, 90);
        handler.channel.write(data, 100, 9_900);
        handler.channel.write(data, 0, 0);

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(packet -> packet.header().len()).containsExactly(4096, 4096, 1808);
        assertThat(MuxerHarness.payload(sent)).isEqualTo(data);
    }

    @Test
    void theGuestsCreditIsKeptAndAskedForOnce() {
        RecordingHandler handler = accepted();
        harness.send(MuxerHarness.header(VsockOp.CREDIT_UPDATE, GUEST, HOST, 0, 0, 5000, 0), new byte[0]);
        handler.channel.write(new byte[9000], 0, 9000);

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.RW, VsockOp.RW, VsockOp.CREDIT_REQUEST);
        assertThat(MuxerHarness.payload(sent)).hasSize(5000);
        harness.send(MuxerHarness.header(VsockOp.CREDIT_UPDATE, GUEST, HOST, 0, 0, 5000, 0), new byte[0]);
        assertThat(harness.drain()).as("still none, and asked already").isEmpty();
        harness.send(MuxerHarness.header(VsockOp.CREDIT_UPDATE, GUEST, HOST, 0, 0, 5000, 5000), new byte[0]);
        assertThat(MuxerHarness.payload(harness.drain())).hasSize(4000);
    }

    @Test
    void theWriterIsToldOnceWhenTheQueueIsLowAgain() {
        RecordingHandler handler = accepted();
        int high = harness.limits.writeHighWater();
        int most = high - SendQueue.OVERHEAD;
        assertThat(handler.channel.write(new byte[most], 0, most)).isTrue();
        assertThat(handler.channel.write(new byte[1], 0, 1)).isFalse();
        while (handler.marks().size() == 1) {
            assertThat(harness.poll(4096)).isNotNull();
        }
        assertThat(handler.marks()).containsExactly("open", "writable");
        harness.drain();
        assertThat(handler.marks()).containsExactly("open", "writable");
        assertThat(handler.channel.write(new byte[1], 0, 1)).isTrue();
    }

    @Test
    void bytesSentBackOneByOneToAGuestThatTakesNoneStopTheWriterWhileTheirMemoryIsSmall() {
        RecordingHandler handler = accepted();
        int writes = 1;
        while (handler.channel.write(new byte[1], 0, 1)) {
            writes++;
        }
        assertThat((long) writes * SendQueue.OVERHEAD).isLessThanOrEqualTo(harness.limits.writeHighWater());
        handler.channel.write(new byte[1], 0, 0);
        harness.drain();
        assertThat(handler.marks()).containsExactly("open", "writable");
        int most = harness.limits.writeHighWater() - SendQueue.OVERHEAD;
        assertThat(handler.channel.write(new byte[most], 0, most))
                .as("nothing of it is counted any more")
                .isTrue();
    }

    @Test
    void aBufferForAHeaderOnlyGetsAHeaderOnly() {
        RecordingHandler handler = accepted();
        handler.channel.write(new byte[5], 0, 5);
        assertThat(harness.poll(0).op()).isEqualTo(VsockOp.CREDIT_UPDATE);
        assertThat(harness.poll(5).payload()).hasSize(5);
    }

    // ---- ending

    @Test
    void shutdownOutputFollowsTheLastByte() {
        RecordingHandler handler = accepted();
        handler.channel.write(new byte[5000], 0, 5000);
        handler.channel.shutdownOutput();
        handler.channel.shutdownOutput();
        handler.channel.write(new byte[1], 0, 1);

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.RW, VsockOp.RW, VsockOp.SHUTDOWN);
        assertThat(sent.get(2).header().flags()).isEqualTo(VsockHeader.SHUTDOWN_SEND);
        assertThat(MuxerHarness.payload(sent)).hasSize(5000);
    }

    @Test
    void theGuestsEndComesAfterItsBytesAndNeedsNoDemand() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        assertThat(handler.events).containsExactly("open");
        handler.channel.request(10);
        assertThat(handler.events).containsExactly("open", "data 10", "end");
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void bothHalvesEndedSayBothAndWaitForTheRst() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        handler.channel.shutdownOutput();

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.SHUTDOWN);
        assertThat(sent.get(0).header().flags()).isEqualTo(VsockHeader.SHUTDOWN_BOTH);
        harness.send(VsockOp.RST, GUEST, HOST);
        assertThat(handler.events).as("bytes still wait for demand").containsExactly("open");
        handler.channel.request(10);
        assertThat(handler.events).containsExactly("open", "data 10", "end", "closed");
        assertThat(harness.muxer.connectionCount()).isZero();
        assertThat(harness.limits.budget().reserved()).isZero();
        assertThat(harness.expiries.isEmpty()).isTrue();
    }

    @Test
    void anEndThatIsNotConfirmedIsMadeByRst() {
        RecordingHandler handler = accepted();
        handler.channel.shutdownOutput();
        handler.channel.shutdownInput();
        assertThat(harness.drainOps()).containsExactly(VsockOp.SHUTDOWN);
        harness.pass(harness.limits.shutdownTimeout());
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(handler.events).containsExactly("open", "closed");
    }

    @Test
    void aGuestThatClosesIsLetGoAtOnceAndItsBytesAreKept() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        handler.channel.write(new byte[9], 0, 9);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);

        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(handler.events).containsExactly("open", "refused");
        assertThat(handler.channel.write(new byte[1 << 20], 0, 1 << 20))
                .as("nobody is held up")
                .isTrue();
        handler.channel.request(4);
        assertThat(handler.events).endsWith("refused", "data 4");
        handler.channel.request(100);
        assertThat(handler.events).endsWith("data 6", "end", "closed");
        harness.send(VsockOp.RST, GUEST, HOST);
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void nothingIsRefusedIfTheLastByteWasOut() {
        RecordingHandler handler = accepted();
        handler.channel.shutdownOutput();
        harness.drain();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_BOTH, new byte[0]);
        assertThat(handler.events).containsExactly("open", "end", "closed");
    }

    @Test
    void aGuestThatRefusesMoreMaySendOn() {
        RecordingHandler handler = harness.accepted(GUEST, HOST, RecordingHandler.demanding(100));
        handler.channel.write(new byte[9], 0, 9);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_RECEIVE, new byte[0]);
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        assertThat(handler.events).containsExactly("open", "refused", "data 10");
        assertThat(harness.drain()).isEmpty();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        assertThat(handler.events).endsWith("end", "closed");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    @Test
    void shutdownInputDropsWhatWaitsAndWhatComes() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        handler.channel.shutdownInput();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        handler.channel.request(10);

        List<Sent> sent = harness.drain();
        assertThat(sent).extracting(Sent::op).containsExactly(VsockOp.SHUTDOWN);
        assertThat(sent.get(0).header().flags()).isEqualTo(VsockHeader.SHUTDOWN_RECEIVE);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        assertThat(handler.events).containsExactly("open");
        assertThat(harness.charge()).isZero();
    }

    @Test
    void rstOutOfTheBlueIsAReset() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        harness.send(VsockOp.RST, GUEST, HOST);
        assertThat(handler.events).containsExactly("open", "reset");
        assertThat(handler.cause).isInstanceOf(VsockResetException.class);
        assertThat(harness.drain()).isEmpty();
    }

    @Test
    void resetSaysRstAndNothingElse() {
        RecordingHandler handler = accepted();
        handler.channel.write(new byte[10], 0, 10);
        handler.channel.reset();
        handler.channel.reset();
        handler.channel.write(new byte[10], 0, 10);
        handler.channel.request(10);
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        assertThat(handler.events).containsExactly("open");
        assertThat(harness.limits.budget().reserved()).isZero();
    }

    @Test
    void dataAfterTheEndIsAViolation() {
        RecordingHandler handler = accepted();
        harness.send(VsockOp.SHUTDOWN, GUEST, HOST, VsockHeader.SHUTDOWN_SEND, new byte[0]);
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[1]);
        assertThat(handler.events).containsExactly("open", "end", "reset");
    }

    @Test
    void aHandlerThatThrowsLosesItsConnection() {
        RecordingHandler handler = new RecordingHandler() {
            @Override
            public void onData(byte[] chunk) {
                throw new AssertionError("from the test");
            }
        };
        harness.accepted(GUEST, HOST, handler);
        handler.channel.request(1);
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        assertThat(handler.events).containsExactly("open", "reset");
        assertThat(handler.cause).hasRootCauseMessage("from the test");
        assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
    }

    @Test
    void aHandlerMayResetFromWithinACallback() {
        RecordingHandler handler = new RecordingHandler() {
            @Override
            public void onData(byte[] chunk) {
                super.onData(chunk);
                channel.reset();
            }
        };
        handler.autoRequest = 1;
        harness.accepted(GUEST, HOST, handler);
        harness.send(VsockOp.RW, GUEST, HOST, 0, new byte[10]);
        assertThat(handler.events).containsExactly("open", "data 1");
    }

    @Test
    void repeatedRequestAndResponseAreViolations() {
        for (VsockOp op : List.of(VsockOp.REQUEST, VsockOp.RESPONSE, VsockOp.UNKNOWN)) {
            RecordingHandler handler = accepted();
            harness.send(op, GUEST, HOST);
            assertThat(handler.events).as("%s", op).containsExactly("open", "reset");
            assertThat(harness.drainOps()).containsExactly(VsockOp.RST);
        }
    }

    @Test
    void aLengthThatDoesNotFitIsAViolation() {
        RecordingHandler handler = accepted();
        harness.send(MuxerHarness.header(VsockOp.RW, GUEST, HOST, 0, 11, 0, 0), new byte[10]);
        assertThat(handler.events).containsExactly("open", "reset");
        handler = harness.accepted(GUEST, HOST, new RecordingHandler());
        harness.send(MuxerHarness.header(VsockOp.RW, GUEST, HOST, 0, -1, 0, 0), new byte[10]);
        assertThat(handler.events).containsExactly("open", "reset");
    }

    @Test
    void impossibleArgumentsAreRefused() {
        RecordingHandler handler = accepted();
        assertThat(catchThrowable(() -> handler.channel.request(0))).isInstanceOf(IllegalArgumentException.class);
        assertThat(catchThrowable(() -> handler.channel.write(new byte[2], 1, 2)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(handler.events).containsExactly("open");
    }
}
