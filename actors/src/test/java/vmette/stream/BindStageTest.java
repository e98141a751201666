package vmette.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import akka.util.ByteString;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import vmette.errors.VsockException;
import vmette.stream.Vsock.Binding;
import vmette.stream.Vsock.IncomingConnection;

class BindStageTest extends StreamFixture {

    private final class Bound {
        final CompletionStage<Binding> binding;
        final TestSubscriber.Probe<IncomingConnection> connections;

        Bound(int port) {
            var both = vsock.bind(port)
                    .toMat(TestSink.create(kit.system()), Keep.both())
                    .run(materializer);
            binding = both.first();
            connections = both.second();
            connections.ensureSubscription();
        }

        IncomingConnection next() {
            connections.request(1);
            return connections.expectNext();
        }
    }

    @Test
    void aRequestIsAnElementWhoseFlowIsTheConnection() {
        Bound bound = new Bound(PORT);
        assertThat(Await.value(bound.binding).port()).isEqualTo(PORT);
        FakeVsockHost.Request request = host.request(PORT);
        IncomingConnection connection = bound.next();
        assertThat(connection.localAddress()).isEqualTo(request.local());
        assertThat(connection.remoteAddress()).isEqualTo(request.remote());
        assertThat(request.answered()).isFalse();

        connection.flow().join(Flow.<ByteString>create()).run(materializer);
        FakeChannel channel = request.established();
        channel.deliver("echo".getBytes(US_ASCII));
        assertThat(new String(channel.read(4), US_ASCII)).isEqualTo("echo");
        channel.end();
        channel.awaitOutputShut();
    }

    @Test
    void aFreePortIsToldByTheBinding() {
        assertThat(Await.value(new Bound(0).binding).port()).isEqualTo(50_000);
    }

    @Test
    void aFlowMaterialisedTwiceFailsTheSecondTime() {
        Bound bound = new Bound(PORT);
        Await.value(bound.binding);
        FakeVsockHost.Request request = host.request(PORT);
        IncomingConnection connection = bound.next();
        var first =
                Source.<ByteString>maybe().via(connection.flow()).runWith(TestSink.create(kit.system()), materializer);
        FakeChannel channel = request.established();
        var second = Source.<ByteString>maybe().via(connection.flow()).runWith(Sink.ignore(), materializer);
        assertThat(Await.failure(second)).isInstanceOf(VsockException.class).hasMessageContaining("once");

        first.request(1);
        channel.deliver((byte) 1);
        assertThat(first.expectNext()).isEqualTo(ByteString.fromArray(new byte[] {1}));
    }

    @Test
    void aConnectionWhoseRequestIsGoneFailsItsFlow() {
        Bound bound = new Bound(PORT);
        Await.value(bound.binding);
        FakeVsockHost.Request request = host.request(PORT);
        IncomingConnection connection = bound.next();
        request.goAway();
        var late = Source.<ByteString>maybe().via(connection.flow()).runWith(Sink.ignore(), materializer);
        assertThat(Await.failure(late)).isInstanceOf(VsockException.class);
    }

    @Test
    void aTakenPortFailsThePromiseAndTheStream() {
        Await.value(new Bound(PORT).binding);
        Bound second = new Bound(PORT);
        Throwable failure = Await.failure(second.binding);
        assertThat(failure).isInstanceOf(VsockException.class).hasMessageContaining("" + PORT);
        second.connections.request(1);
        assertThat(second.connections.expectError()).isSameAs(failure);
        assertThat(host.isBound(PORT)).isTrue();
    }

    @Test
    void unbindingCompletesTheSourceAndLeavesConnectionsOpen() {
        Bound bound = new Bound(PORT);
        Binding binding = Await.value(bound.binding);
        FakeVsockHost.Request request = host.request(PORT);
        var open = Source.<ByteString>maybe()
                .via(bound.next().flow())
                .runWith(TestSink.create(kit.system()), materializer);
        FakeChannel channel = request.established();

        Await.value(binding.unbind());
        assertThat(host.isBound(PORT)).isFalse();
        bound.connections.expectComplete();
        Await.value(binding.unbind());
        open.request(1);
        channel.deliver((byte) 1);
        open.expectNext();
    }

    @Test
    void cancellingUnbindsAndRejectsWhatWaits() {
        Bound bound = new Bound(PORT);
        Await.value(bound.binding);
        FakeVsockHost.Request first = host.request(PORT);
        FakeVsockHost.Request second = host.request(PORT);
        bound.connections.cancel();
        first.awaitRejected();
        second.awaitRejected();
        host.awaitUnbound(PORT);
    }

    @Test
    void aMaterialiserShutDownUnbindsAndRejectsWhatWaits() {
        Bound bound = new Bound(PORT);
        Binding binding = Await.value(bound.binding);
        FakeVsockHost.Request request = host.request(PORT);
        materializer.shutdown();
        request.awaitRejected();
        host.awaitUnbound(PORT);
        Await.value(binding.unbind());
    }

    @Test
    void requestsWaitInOrderAndThoseThatWentAwayAreForgotten() {
        Bound bound = new Bound(PORT);
        Await.value(bound.binding);
        FakeVsockHost.Request first = host.request(PORT);
        FakeVsockHost.Request second = host.request(PORT);
        FakeVsockHost.Request third = host.request(PORT);
        second.goAway();
        assertThat(bound.next().remoteAddress()).isEqualTo(first.remote());
        assertThat(bound.next().remoteAddress()).isEqualTo(third.remote());
    }

    @Test
    void aBusyStageKeepsNothingOfRequestsThatWentAway() {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        Queue<IncomingConnection> taken = new ConcurrentLinkedQueue<>();
        Await.value(vsock.bind(PORT)
                .to(Sink.foreach(connection -> {
                    taken.add(connection);
                    busy.countDown();
                    go.await();
                }))
                .run(materializer));
        host.request(PORT);
        Await.until("the stage is busy", () -> busy.getCount() == 0);
        WeakReference<Object> gone = requestThatGoesAway();
        Await.until("the request is forgotten", () -> {
            System.gc();
            return gone.refersTo(null);
        });
        FakeVsockHost.Request last = host.request(PORT);
        go.countDown();
        Await.until("the last request is served", () -> taken.size() == 2);
        assertThat(List.copyOf(taken).get(1).remoteAddress()).isEqualTo(last.remote());
    }

    private WeakReference<Object> requestThatGoesAway() {
        FakeVsockHost.Request request = host.request(PORT);
        request.goAway();
        return new WeakReference<>(request);
    }

    @Test
    void theBacklogIsTheHosts() {
        Bound bound = new Bound(PORT);
        Await.value(bound.binding);
        for (int i = 0; i < 4; i++) {
            assertThat(host.request(PORT).answered()).isFalse();
        }
        host.request(PORT).awaitRejected();
    }

    @Test
    void aRequestThatArrivesAfterTheStageStoppedIsRejected() {
        RecordingHost recording = new RecordingHost(host);
        CompletionStage<Binding> binding =
                new Vsock(recording, 4, TIMEOUT).bind(PORT).to(Sink.cancelled()).run(materializer);
        Await.value(binding);
        host.awaitUnbound(PORT);
        awaitStagesStopped();
        FakeVsockHost other = new FakeVsockHost();
        other.listen(PORT, 1, recording.acceptor());
        other.request(PORT).awaitRejected();
    }
}
