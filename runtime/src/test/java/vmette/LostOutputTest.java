package vmette;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.VmSpec;
import vmette.errors.VsockException;
import vmette.testkit.Script;
import vmette.testkit.VmetteTestKit;

/** A command's status is no good news if what it wrote is not all here. */
class LostOutputTest {
    private final VmetteTestKit kit = VmetteTestKit.create();

    @AfterEach
    void close() {
        kit.close();
    }

    @Test
    void aRunWhoseOutputBrokeOffFailsThoughTheCommandHasItsStatus() {
        kit.onExec("writer", Script.print("some").thenForever());
        CompletableFuture<Void> some = new CompletableFuture<>();
        CompletableFuture<Execution> begun = new CompletableFuture<>();
        CompletionStage<ExitStatus> run = kit.vmette()
                .run(
                        VmSpec.builder().name("web").build(),
                        ExecSpec.shell("writer").withoutStdin().mergingOutputs(),
                        new RunStreams(
                                Source.empty(), Sink.<ByteString>foreach(bytes -> some.complete(null)), Sink.ignore()),
                        begun::complete);
        kit.await(some);
        kit.vm("web").loseStream(1024);
        kit.settle();
        begun.join().signal(GuestSignal.KILL);
        assertThatThrownBy(() -> kit.await(run))
                .isInstanceOf(VsockException.class)
                .hasMessageContaining("standard output broke off")
                .hasMessageContaining("some of it is lost");
    }
}
