package vmette.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.vsock.VsockAddress;
import vmette.vsock.VsockChannelHandler;
import vmette.vsock.VsockHost;

class ConnectionStageTest extends StreamFixture {

    @Test
    void aReaderThatCancelsBeforeTheConnectionStoodSettlesThePromiseWithoutHalfClose() {
        Probed flow = new Probed(false);
        flow.out.cancel();
        assertThat(Await.failure(flow.opened)).isInstanceOf(VsockException.class);
        flow.dial.open().awaitReset();
    }

    @Test
    void carriesBytesBothWays() {
        Probed flow = new Probed(true);
        assertThat(flow.dial.port()).isEqualTo(PORT);
        assertThat(flow.dial.timeout()).isEqualTo(TIMEOUT);
        FakeChannel channel = flow.dial.open();

        flow.in.sendNext(bytes("to the "));
        flow.in.sendNext(bytes("guest"));
        assertThat(new String(channel.read(12), US_ASCII)).isEqualTo("to the guest");
        flow.out.request(2);
        channel.deliver("from ".getBytes(US_ASCII));
        channel.deliver("the guest".getBytes(US_ASCII));
        assertThat(flow.out.expectNext().concat(flow.out.expectNext())).isEqualTo(bytes("from the guest"));
        channel.checkContract();
    }

    @Test
    void tellsTheAddressesOfTheConnection() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        assertThat(Await.value(flow.opened))
                .isEqualTo(new Vsock.OutgoingConnection(channel.local(), channel.remote()))
                .extracting(Vsock.OutgoingConnection::remoteAddress)
                .isEqualTo(new VsockAddress(3, PORT));
    }

    @Test
    void sendsTheBytesOfASliceAndNoOthers() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.in.sendNext(bytes("abcdef").drop(2).take(2));
        flow.in.sendNext(bytes("x").concat(bytes("y")));
        assertThat(new String(channel.read(4), US_ASCII)).isEqualTo("cdxy");
        assertThat(channel.written()).hasSize(4);
    }

    @Test
    void asksTheConnectionOncePerPull() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        assertThat(channel.requests()).isZero();

        flow.out.request(1);
        channel.awaitRequests(1);
        channel.deliver((byte) 1);
        flow.out.expectNext();
        flow.fence(channel);
        assertThat(channel.requests()).isEqualTo(1);

        flow.out.request(2);
        channel.deliver((byte) 2);
        channel.deliver((byte) 3);
        flow.out.expectNext();
        flow.out.expectNext();
        flow.fence(channel);
        assertThat(channel.requests()).isEqualTo(3);
        channel.checkContract();
    }

    @Test
    void severalChunksAreOneElement() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.out.request(1);
        channel.deliverChunks(new byte[] {1, 2}, new byte[] {3});
        assertThat(flow.out.expectNext()).isEqualTo(ByteString.fromArray(new byte[] {1, 2, 3}));
        flow.fence(channel);
        assertThat(channel.requests()).isEqualTo(1);
        channel.checkContract();
    }

    @Test
    void passesOnAPullFromBeforeTheConnectionStood() {
        Probed flow = new Probed(true);
        flow.out.request(1);
        FakeChannel channel = flow.dial.open();
        channel.deliver((byte) 7);
        assertThat(flow.out.expectNext()).isEqualTo(ByteString.fromArray(new byte[] {7}));
    }

    @Test
    void aFullQueueStopsThePullingUntilItHasRoom() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        channel.fill();
        flow.in.sendNext(bytes("first"));
        flow.in.sendNext(bytes("second"));
        channel.read(5);
        // What comes in by the other way shows that the stage has seen both elements.
        flow.out.request(1);
        channel.deliver((byte) 1);
        flow.out.expectNext();
        assertThat(channel.writes()).isEqualTo(1);

        channel.drain();
        assertThat(new String(channel.read(6), US_ASCII)).isEqualTo("second");
        channel.checkContract();
    }

    @Test
    void theGuestsEndLeavesTheOtherDirectionOpenWithHalfClose() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        channel.end();
        flow.out.request(1);
        flow.out.expectComplete();

        flow.in.sendNext(bytes("still"));
        assertThat(new String(channel.read(5), US_ASCII)).isEqualTo("still");
        assertThat(channel.outputShut()).isFalse();
        flow.in.sendComplete();
        channel.awaitOutputShut();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void theGuestsEndEndsTheOtherDirectionWithoutHalfClose() {
        Probed flow = new Probed(false);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        channel.end();
        flow.out.request(1);
        flow.out.expectComplete();
        flow.in.expectCancellation();
        channel.awaitOutputShut();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theClientsEndIsEndOfFileForTheGuestAndLeavesItsAnswerOpen(boolean halfClose) {
        Probed flow = new Probed(halfClose);
        FakeChannel channel = flow.dial.open();
        flow.in.sendNext(bytes("question"));
        flow.in.sendComplete();
        channel.awaitOutputShut();
        assertThat(new String(channel.written(), US_ASCII)).isEqualTo("question");

        flow.out.request(1);
        channel.deliver("answer".getBytes(US_ASCII));
        assertThat(flow.out.expectNext()).isEqualTo(bytes("answer"));
        channel.end();
        flow.out.expectComplete();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void aFailedUpstreamResetsAndIsNoEndOfFile() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        IllegalStateException failure = new IllegalStateException("client failed");
        flow.in.sendError(failure);
        assertThat(flow.out.expectError()).isSameAs(failure);
        channel.awaitReset();
        assertThat(channel.outputShut()).isFalse();
    }

    @Test
    void aCancelledReaderRefusesInputAndMayGoOnWritingWithHalfClose() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.out.cancel();
        channel.awaitInputShut();
        flow.in.sendNext(bytes("more"));
        channel.read(4);
        flow.in.sendComplete();
        channel.awaitOutputShut();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void aCancelledReaderEndsTheConnectionWithoutHalfClose() {
        Probed flow = new Probed(false);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        flow.out.cancel();
        flow.in.expectCancellation();
        channel.awaitReset();
    }

    @Test
    void bytesThatCrossACancellationAreDropped() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.out.request(1);
        channel.awaitRequests(1);
        flow.out.cancel();
        channel.awaitInputShut();
        channel.deliver((byte) 1);
        flow.fence(channel);
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void aGuestThatTakesNoMoreCancelsTheClient() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        channel.refuseOutput();
        flow.in.expectCancellation();

        flow.out.request(1);
        channel.deliver((byte) 1);
        flow.out.expectNext();
        channel.end();
        flow.out.expectComplete();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void anOrderlyCloseCompletesBothDirections() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        channel.close();
        flow.out.request(1);
        flow.out.expectComplete();
        flow.in.expectCancellation();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void aResetFailsBothDirections() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        channel.resetByPeer();
        flow.out.request(1);
        assertThat(flow.out.expectError()).isInstanceOf(VsockResetException.class);
        assertThat(flow.in.expectCancellationWithCause(VsockResetException.class))
                .isNotNull();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void aRefusedDialFailsThePromiseAndTheStream() {
        Probed flow = new Probed(true);
        flow.dial.refuse();
        Throwable failure = Await.failure(flow.opened);
        assertThat(failure).isInstanceOf(VsockException.class).hasMessageContaining("" + PORT);
        assertThat(flow.out.expectError()).isSameAs(failure);
        flow.in.expectCancellation();
    }

    @Test
    void aHostThatThrowsFailsThePromiseAndTheStreamWithItsReason() {
        IllegalArgumentException reason = new IllegalArgumentException("no such port");
        VsockHost throwing = new VsockHost() {
            @Override
            public Listener listen(int port, int backlog, Acceptor acceptor) {
                throw reason;
            }

            @Override
            public void connect(int port, Duration timeout, VsockChannelHandler handler) {
                throw reason;
            }
        };
        Vsock broken = new Vsock(throwing, 1, TIMEOUT);
        var opened = Source.<ByteString>maybe()
                .viaMat(broken.connect(PORT), Keep.right())
                .to(Sink.ignore())
                .run(materializer);
        assertThat(Await.failure(opened)).isSameAs(reason);
        assertThat(Await.failure(broken.bind(PORT).to(Sink.ignore()).run(materializer)))
                .isSameAs(reason);
    }

    @Test
    void aMaterialiserShutDownResetsTheChannel() {
        Probed flow = new Probed(true);
        FakeChannel channel = flow.dial.open();
        flow.fence(channel);
        materializer.shutdown();
        channel.awaitReset();
    }

    @Test
    void aMaterialiserShutDownBeforeTheConnectionStoodSettlesThePromiseAndResetsALateOne() {
        Probed flow = new Probed(true);
        materializer.shutdown();
        assertThat(Await.failure(flow.opened)).isInstanceOf(VsockException.class);
        flow.dial.open().awaitReset();
    }

    @Test
    void aConnectionThatStandsAfterTheStreamFailedIsReset() {
        Probed flow = new Probed(true);
        IllegalStateException failure = new IllegalStateException("client failed");
        flow.in.sendError(failure);
        assertThat(Await.failure(flow.opened))
                .isInstanceOf(VsockException.class)
                .hasCause(failure);
        FakeChannel late = flow.dial.open();
        late.awaitReset();
        assertThat(late.outputShut()).isFalse();
    }

    @Test
    void bothEndsBeforeTheConnectionStoodAreToldToTheGuestAfterwards() {
        Probed flow = new Probed(true);
        flow.in.sendComplete();
        flow.out.cancel();
        FakeChannel channel = flow.dial.open();
        channel.awaitOutputShut();
        channel.awaitInputShut();
        Await.value(flow.opened);
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void eachMaterialisationIsAConnectionOfItsOwn() {
        Probed first = new Probed(true);
        Probed second = new Probed(true);
        FakeChannel one = first.dial.open();
        FakeChannel other = second.dial.open();
        first.in.sendNext(bytes("1"));
        second.in.sendNext(bytes("2"));
        assertThat(one.read(1)).isEqualTo("1".getBytes(US_ASCII));
        assertThat(other.read(1)).isEqualTo("2".getBytes(US_ASCII));
    }
}
