package docs.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.testkit.Script.print;
import static vmette.testkit.Script.script;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.Execution;
import vmette.VmHandle;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.testkit.TestVm;
import vmette.testkit.VmetteTestKit;

/** What docs/testing.md shows; {@link TestingPageTest} compares the lines. */
class BuilderTest {
    // page: begin
    @Test
    void aBuildThatIsLostCanBeDoneAgain() {
        try (VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = transient")) {
            kit.onExec(
                    "make",
                    command -> command.incarnation() == 1
                            ? script().thenPause(Duration.ofMinutes(3)).then(TestVm::crash)
                            : print("built\n"));
            VmHandle vm = kit.launch(VmSpec.builder().name("builder").build());

            Execution lost = vm.exec("make");
            assertThatThrownBy(() -> kit.await(lost.status())).isInstanceOf(VmLostException.class);

            kit.until(kit.vm("builder")::isReady);
            Execution again = vm.exec("make");
            CompletionStage<String> output = again.stdout()
                    .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system())
                    .thenApply(ByteString::utf8String);
            assertThat(kit.await(again.status()).isSuccess()).isTrue();
            assertThat(kit.await(output)).isEqualTo("built\n");
            assertThat(kit.vm("builder").failures()).hasSize(1);
        }
    }

    @Test
    void aGuestThatHangsIsReplaced() {
        try (VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = transient")) {
            kit.launch(VmSpec.builder().name("builder").build());
            kit.vm("builder").hang(TestVm.Silence.BUSY);
            kit.advance(Duration.ofMinutes(2)); // takes no two minutes
            assertThat(kit.vm("builder").failures().get(0).word()).isEqualTo("Hung");
            assertThat(kit.vm("builder").isReady()).isTrue();
        }
    }
    // page: end
}
