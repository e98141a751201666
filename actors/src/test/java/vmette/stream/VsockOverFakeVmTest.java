package vmette.stream;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.japi.Pair;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.testkit.FakeVm;

/** The streams over the real device and the test kit's guest, as a user may test a protocol of their own. */
class VsockOverFakeVmTest {
    private final ActorTestKit kit = ActorTestKit.create();
    private final FakeVm vm = FakeVm.start();
    private final Vsock vsock = new Vsock(vm.host(), 4, Duration.ofSeconds(30));

    @AfterEach
    void close() {
        vm.close();
        kit.shutdownTestKit();
    }

    /** The streams have threads of their own, and come when they come. */
    private void until(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            vm.run();
            Thread.onSpinWait();
        }
    }

    @Test
    void aBoundPortEchoes() throws InterruptedException {
        CompletionStage<Vsock.Binding> bound = vsock.bind(7000)
                .to(Sink.foreach(
                        connection -> connection.flow().join(Flow.create()).run(kit.system())))
                .run(kit.system());
        until(bound.toCompletableFuture()::isDone);
        vm.guest().dial(1024, 7000);
        until(() -> vm.guest().isOpen(1024, 7000));
        vm.guest().write(1024, 7000, "good day".getBytes(UTF_8));
        vm.guest().shutdown(1024, 7000, 2);
        until(() -> vm.guest().isGone(1024, 7000));
        assertThat(vm.guest().received(1024, 7000)).asString(UTF_8).isEqualTo("good day");
        assertThat(vm.reserved()).isZero();
    }

    @Test
    void aDialIsAFlow() throws InterruptedException {
        vm.guest().listen(8080);
        Pair<CompletionStage<Vsock.OutgoingConnection>, CompletionStage<ByteString>> dialled = Source.single(
                        ByteString.fromString("ping"))
                .viaMat(vsock.connect(8080), Keep.right())
                .toMat(Sink.fold(ByteString.emptyByteString(), ByteString::concat), Keep.both())
                .run(kit.system());
        until(dialled.first().toCompletableFuture()::isDone);
        int hostPort =
                dialled.first().toCompletableFuture().join().localAddress().port();
        until(() -> vm.guest().sawEnd(8080, hostPort));
        assertThat(vm.guest().received(8080, hostPort)).asString(UTF_8).isEqualTo("ping");
        vm.guest().write(8080, hostPort, "pong".getBytes(UTF_8));
        vm.guest().shutdown(8080, hostPort, 2);
        until(dialled.second().toCompletableFuture()::isDone);
        assertThat(dialled.second().toCompletableFuture().join().utf8String()).isEqualTo("pong");
    }
}
