package vmette.stream;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.stream.Materializer;
import akka.stream.javadsl.Keep;
import akka.stream.testkit.TestPublisher;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.StreamTestKit;
import akka.stream.testkit.javadsl.TestSink;
import akka.stream.testkit.javadsl.TestSource;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import vmette.stream.Vsock.OutgoingConnection;

/** An actor system per class; a fake host and a materialiser per test. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class StreamFixture {
    static final int PORT = 7000;
    static final Duration TIMEOUT = Duration.ofSeconds(5);

    ActorTestKit kit;
    Materializer materializer;
    FakeVsockHost host;
    Vsock vsock;

    /** A connection with a probe at either end of its flow. */
    final class Probed {
        final TestPublisher.Probe<ByteString> in;
        final TestSubscriber.Probe<ByteString> out;
        final CompletionStage<OutgoingConnection> opened;
        final FakeVsockHost.Dial dial;

        Probed(boolean halfClose) {
            var source = TestSource.<ByteString>create(kit.system())
                    .viaMat(vsock.connect(PORT, TIMEOUT, halfClose), Keep.both())
                    .toMat(TestSink.create(kit.system()), Keep.both())
                    .run(materializer);
            in = source.first().first();
            opened = source.first().second();
            out = source.second();
            in.ensureSubscription();
            out.ensureSubscription();
            dial = host.nextDial();
        }

        /** A byte that went all the way out: whatever reached the stage before it has been handled. */
        void fence(FakeChannel channel) {
            int before = channel.writes();
            in.sendNext(bytes("."));
            Await.monitor(channel, "the fence's write", () -> channel.writes() > before);
        }
    }

    @BeforeAll
    void startSystem() {
        kit = ActorTestKit.create(ConfigFactory.parseString("akka.test.single-expect-default = 30s")
                .withFallback(ConfigFactory.load()));
    }

    @AfterAll
    void stopSystem() {
        kit.shutdownTestKit();
    }

    @BeforeEach
    void freshHost() {
        materializer = Materializer.createMaterializer(kit.system());
        host = new FakeVsockHost();
        vsock = new Vsock(host, 4, TIMEOUT);
    }

    /** Waits until every stage of the test has run its postStop. */
    void awaitStagesStopped() {
        StreamTestKit.assertAllStagesStopped(materializer);
    }

    static ByteString bytes(String text) {
        return ByteString.fromString(text);
    }
}
