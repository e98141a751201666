package vmette.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import akka.stream.javadsl.Keep;
import akka.stream.testkit.TestPublisher;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.TestSink;
import akka.stream.testkit.javadsl.TestSource;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.GuestConnectException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.errors.VsockException;
import vmette.errors.VsockResetException;
import vmette.guest.protocol.GuestProtocol;

class GuestTcpTest extends StreamFixture {
    private static final class Asked implements GuestTcp.Connecting {
        final CompletableFuture<Void> connected = new CompletableFuture<>();
        final CompletableFuture<VsockException> lost = new CompletableFuture<>();
        final CompletableFuture<Boolean> ended = new CompletableFuture<>();
        final int port;

        Asked(int port) {
            this.port = port;
        }

        @Override
        public CompletionStage<Void> connected() {
            return connected;
        }

        @Override
        public CompletionStage<VsockException> lost() {
            return lost;
        }

        @Override
        public byte[] opening() {
            return "open".getBytes(US_ASCII);
        }

        @Override
        public void ended(boolean joined) {
            ended.complete(joined);
        }
    }

    /** A connection with a probe at either end of its flow. */
    private final class Connection {
        final CompletableFuture<Asked> asked = new CompletableFuture<>();
        final TestPublisher.Probe<ByteString> in;
        final TestSubscriber.Probe<ByteString> out;
        final CompletionStage<Done> stands;
        final Asked agent;

        Connection() {
            GuestTcp tcp = new GuestTcp(host, TIMEOUT, port -> {
                asked.complete(new Asked(port));
                return asked.join();
            });
            var source = TestSource.<ByteString>create(kit.system())
                    .viaMat(tcp.connect(8080), Keep.both())
                    .toMat(TestSink.create(kit.system()), Keep.both())
                    .run(materializer);
            in = source.first().first();
            stands = source.first().second();
            out = source.second();
            in.ensureSubscription();
            out.ensureSubscription();
            agent = Await.value(asked);
        }

        FakeChannel join() {
            agent.connected.complete(null);
            FakeVsockHost.Dial dial = host.nextDial();
            assertThat(dial.port()).isEqualTo(GuestProtocol.PORT);
            FakeChannel channel = dial.open();
            assertThat(new String(channel.read(4), US_ASCII)).isEqualTo("open");
            Await.value(stands);
            return channel;
        }
    }

    @Test
    void theDataConnectionIsDialledOnceTheGuestsStandsAndOpensWithTheClaim() {
        Connection connection = new Connection();
        assertThat(connection.agent.port).isEqualTo(8080);
        assertThat(host.hasDial()).isFalse();
        FakeChannel channel = connection.join();
        connection.in.sendNext(bytes("question"));
        assertThat(new String(channel.read(8), US_ASCII)).isEqualTo("question");
        connection.out.request(1);
        channel.deliver("answer".getBytes(US_ASCII));
        assertThat(connection.out.expectNext()).isEqualTo(bytes("answer"));
        channel.checkContract();
    }

    @Test
    void eachDirectionEndsOnItsOwn() {
        Connection connection = new Connection();
        FakeChannel channel = connection.join();
        connection.in.sendComplete();
        channel.awaitOutputShut();
        connection.out.request(1);
        channel.deliver((byte) 1);
        connection.out.expectNext();
        channel.end();
        connection.out.expectComplete();
        assertThat(Await.value(connection.agent.ended)).isTrue();
        awaitStagesStopped();
        assertThat(channel.wasReset()).isFalse();
    }

    @Test
    void whatWaitsIsTakenAtOnce() {
        Connection connection = new Connection();
        FakeChannel channel = connection.join();
        connection.out.request(1);
        channel.deliverChunks(bytes("one ").toArray(), bytes("two").toArray());
        assertThat(connection.out.expectNext()).isEqualTo(bytes("one two"));
        // and the stream goes on
        connection.out.request(1);
        channel.deliver(bytes("three").toArray());
        assertThat(connection.out.expectNext()).isEqualTo(bytes("three"));
    }

    @Test
    void anInputThatEndsBeforeTheConnectionStandsIsAnEndToo() {
        Connection connection = new Connection();
        connection.in.sendComplete();
        FakeChannel channel = connection.join();
        channel.awaitOutputShut();
    }

    @Test
    void aRefusalFailsTheStreamAndTheValue() {
        Connection connection = new Connection();
        GuestConnectException refusal = new GuestConnectException(111, "nobody listens");
        connection.agent.connected.completeExceptionally(refusal);
        assertThat(connection.out.expectError()).isSameAs(refusal);
        connection.in.expectCancellation();
        assertThat(Await.failure(connection.stands)).isSameAs(refusal);
        assertThat(Await.value(connection.agent.ended)).isFalse();
        assertThat(host.hasDial()).isFalse();
    }

    @Test
    void theEndOfTheVmKeepsItsType() {
        Connection connection = new Connection();
        VmLostException gone = new VmLostException("gone");
        connection.agent.connected.completeExceptionally(gone);
        assertThat(connection.out.expectError()).isSameAs(gone);
    }

    @Test
    void aClientThatFailsWhileTheGuestConnectsGivesUp() {
        Connection connection = new Connection();
        connection.in.sendError(new IllegalStateException("client reset"));
        assertThat(Await.value(connection.agent.ended)).isFalse();
        assertThat(Await.failure(connection.stands)).isInstanceOf(VsockException.class);
    }

    @Test
    void aClientThatFailsLaterResetsTheDataConnection() {
        Connection connection = new Connection();
        FakeChannel channel = connection.join();
        connection.in.sendError(new IllegalStateException("client reset"));
        channel.awaitReset();
        assertThat(Await.value(connection.agent.ended)).isTrue();
    }

    @Test
    void aLossInTheGuestFailsTheStreamAndResetsTheDataConnection() {
        Connection connection = new Connection();
        FakeChannel channel = connection.join();
        VsockException loss = new VsockResetException("lost in the guest");
        connection.agent.lost.complete(loss);
        assertThat(connection.out.expectError()).isSameAs(loss);
        connection.in.expectCancellation();
        channel.awaitReset();
        awaitStagesStopped();
    }

    @Test
    void aLossBeforeTheDataConnectionIsThereIsNotForgotten() {
        Connection connection = new Connection();
        connection.agent.connected.complete(null);
        FakeVsockHost.Dial dial = host.nextDial();
        VsockException loss = new VsockResetException("lost in the guest");
        connection.agent.lost.complete(loss);
        FakeChannel channel = dial.open();
        assertThat(connection.out.expectError()).isSameAs(loss);
        channel.awaitReset();
    }

    @Test
    void aDialThatIsRefusedGivesUp() {
        Connection connection = new Connection();
        connection.agent.connected.complete(null);
        host.nextDial().refuse();
        assertThat(connection.out.expectError()).isInstanceOf(VsockException.class);
        assertThat(Await.value(connection.agent.ended)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, 65536})
    void aPortThatThereCannotBeIsRefused(int port) {
        GuestTcp tcp = new GuestTcp(host, TIMEOUT, Asked::new);
        assertThatThrownBy(() -> tcp.connect(port))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("allowed is 1 to 65535");
    }
}
