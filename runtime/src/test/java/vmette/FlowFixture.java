package vmette;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.Materializer;
import akka.stream.OverflowStrategy;
import akka.stream.javadsl.Keep;
import akka.stream.testkit.TestPublisher;
import akka.stream.testkit.TestSubscriber;
import akka.stream.testkit.javadsl.StreamTestKit;
import akka.stream.testkit.javadsl.TestSink;
import akka.stream.testkit.javadsl.TestSource;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** An actor system per class, a materialiser per test. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class FlowFixture {
    static final ExitStatus SUCCESS = new ExitStatus(ExitStatus.Kind.EXITED, 0);
    static final int PID = 42;

    ActorSystem<Void> system;
    Materializer materializer;

    /** A flow with a probe at either end, and its command. */
    final class Probed {
        final FakeCommand command;
        final TestPublisher.Probe<ExecInput> in;
        final TestSubscriber.Probe<ExecEvent> out;

        Probed() {
            this(true, true, Duration.ofDays(1));
        }

        Probed(boolean hasStdin, boolean hasStderr, Duration explanation) {
            ExecStage<FakeCommand> stage =
                    new ExecStage<>(() -> new FakeCommand(system, hasStdin, hasStderr), explanation);
            var made = TestSource.<ExecInput>create(system)
                    .buffer(FakeCommand.BUFFER, OverflowStrategy.backpressure())
                    .viaMat(stage, Keep.both())
                    .toMat(TestSink.create(system), Keep.both())
                    .run(materializer);
            in = made.first().first();
            command = made.first().second();
            out = made.second();
            in.ensureSubscription();
            out.ensureSubscription();
        }

        /** Begun, started, and that was told. */
        Probed run() throws InterruptedException {
            command.hear("begin");
            command.started.complete(PID);
            out.request(1);
            out.expectNext(new ExecEvent.Started(PID));
            return this;
        }

        /** Both outputs end, then the command does. */
        void exit() {
            command.out().sendComplete();
            command.err().sendComplete();
            command.status.complete(SUCCESS);
        }

        /** Everything sent before has been dealt with by the stage when this has been. */
        void fence() throws InterruptedException {
            in.sendNext(ExecInput.resize(9, 9));
            command.hear("resize 9x9");
        }
    }

    @BeforeAll
    void startSystem() {
        system = ActorSystem.create(
                Behaviors.empty(),
                "flows",
                ConfigFactory.parseString("akka.test.single-expect-default = 30s")
                        .withFallback(ConfigFactory.load()));
    }

    @AfterAll
    void stopSystem() {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().join();
    }

    @BeforeEach
    void freshMaterializer() {
        materializer = Materializer.createMaterializer(system);
    }

    /** Waits until every stage of the test has run its postStop. */
    void awaitStagesStopped() {
        StreamTestKit.assertAllStagesStopped(materializer);
    }

    static ByteString bytes(String text) {
        return ByteString.fromString(text);
    }

    static ExecEvent out(String text) {
        return new ExecEvent.Stdout(bytes(text));
    }

    static ExecEvent err(String text) {
        return new ExecEvent.Stderr(bytes(text));
    }
}
