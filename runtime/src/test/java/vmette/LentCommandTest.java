package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.config.VmSpec;
import vmette.control.ControlledCommand;
import vmette.errors.VmetteException;
import vmette.testkit.Script;
import vmette.testkit.VmetteTestKit;

/** What clients of a pool do with its VMs; those are the test kit's, which cannot be saved and so are booted. */
class LentCommandTest {
    private final VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = permanent");
    private VmPool pool;
    private LendingPool lending;

    @BeforeEach
    void open() {
        open(1, 1);
    }

    private void open(int min, int max) {
        pool = kit.vmette()
                .pool(new PoolPlan(
                        "web",
                        VmSpec.builder().build(),
                        PoolSettings.of(min, max).withRefillPerSecond(0).withMaxAge(Duration.ZERO)));
        lending = new LendingPool(pool);
    }

    @AfterEach
    void close() {
        kit.close();
    }

    private void stands(int ready, int lent) {
        kit.until(() -> pool.status().ready() == ready && pool.status().lent() == lent);
    }

    private CompletionStage<ByteString> bytes(Source<ByteString, ?> output) {
        return output.runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system());
    }

    @Test
    void itIsTheCommandOfAVmThatIsReplacedAfterwards() {
        kit.onExec("cat", Script.cat());
        ControlledCommand command = lending.run(ExecSpec.shell("cat"));
        CompletionStage<Done> written =
                Source.single(ByteString.fromString("some")).runWith(command.stdin(), kit.system());
        CompletionStage<ByteString> errors = bytes(command.stderr());
        assertThat(kit.await(bytes(command.stdout())).utf8String()).isEqualTo("some");
        assertThat(kit.await(errors).utf8String()).isEmpty();
        assertThat(kit.await(command.exit())).isEqualTo(new ControlledCommand.Exit(false, 0, false));
        kit.await(written);
        stands(1, 0);
        assertThat(kit.vmette().find("pool-web-1")).isEmpty();
        assertThat(kit.vmette().find("pool-web-2")).isPresent();
        assertThat(pool.status().acquired()).isEqualTo(1);
    }

    @Test
    void aVmIsNotGivenBackBeforeWhatItsCommandWroteIsTaken() {
        kit.onExec("quick", Script.print("out").thenStderr("err").thenExit(42));
        ControlledCommand command = lending.run(ExecSpec.shell("quick"));
        kit.await(command.started());
        kit.settle();
        stands(0, 1);
        CompletionStage<ByteString> errors = bytes(command.stderr());
        assertThat(kit.await(bytes(command.stdout())).utf8String()).isEqualTo("out");
        assertThat(kit.await(errors).utf8String()).isEqualTo("err");
        assertThat(kit.await(command.exit())).isEqualTo(new ControlledCommand.Exit(false, 42, false));
        stands(1, 0);
    }

    @Test
    void anInputThatEndsBeforeThereIsAVmEndsThatOfTheCommand() {
        VmHandle taken = kit.await(pool.acquire());
        kit.onExec("cat", Script.cat());
        ControlledCommand command = lending.run(ExecSpec.shell("cat"));
        Source.<ByteString>empty().runWith(command.stdin(), kit.system());
        command.stderr().runWith(Sink.ignore(), kit.system());
        pool.release(taken);
        assertThat(kit.await(bytes(command.stdout())).utf8String()).isEmpty();
        assertThat(kit.await(command.exit()).code()).isZero();
    }

    @Test
    void whoLeavesWhileHeWaitsTakesNoVm() {
        VmHandle taken = kit.await(pool.acquire());
        ControlledCommand command = lending.run(ExecSpec.shell("true"));
        assertThat(pool.status().waiting()).isEqualTo(1);
        command.terminate();
        assertThat(pool.status().waiting()).isZero();
        assertThatThrownBy(() -> kit.await(command.exit()))
                .isInstanceOf(VmetteException.class)
                .hasMessageContaining("whoever wanted it has left");
        pool.release(taken);
        stands(1, 0);
    }

    @Test
    void whoLeavesWhileItRunsEndsItsVm() {
        kit.onExec("forever", Script.forever());
        ControlledCommand command = lending.run(ExecSpec.shell("forever"));
        command.stdout().runWith(Sink.ignore(), kit.system());
        command.stderr().runWith(Sink.ignore(), kit.system());
        kit.await(command.started());
        stands(0, 1);
        command.terminate();
        command.terminate();
        stands(1, 0);
        assertThatThrownBy(() -> kit.await(command.exit())).isInstanceOf(VmetteException.class);
    }

    @Test
    void signalsReachItOnceItIsThere() {
        VmHandle taken = kit.await(pool.acquire());
        kit.onExec("forever", Script.forever());
        ControlledCommand command = lending.run(ExecSpec.shell("forever"));
        command.stdout().runWith(Sink.ignore(), kit.system());
        command.stderr().runWith(Sink.ignore(), kit.system());
        command.signal(GuestSignal.INT, true);
        pool.release(taken);
        assertThat(kit.await(command.exit())).isEqualTo(new ControlledCommand.Exit(true, 2, false));
        stands(1, 0);
    }

    @Test
    void aVmThatFailsIsReplacedAndTheCommandLost() {
        kit.onExec("forever", Script.forever());
        ControlledCommand command = lending.run(ExecSpec.shell("forever"));
        command.stdout().runWith(Sink.ignore(), kit.system());
        command.stderr().runWith(Sink.ignore(), kit.system());
        kit.await(command.started());
        kit.vm("pool-web-1").crash();
        assertThatThrownBy(() -> kit.await(command.exit())).isInstanceOf(VmetteException.class);
        stands(1, 0);
    }

    @Test
    void aVmThatFailsIsOverWhateverTheSettingsOfRecovery() {
        VmHandle lent = kit.await(pool.acquire());
        kit.vm(lent.name()).crash();
        assertThat(kit.await(lent.ended()).how()).isEqualTo(VmEnd.How.FAILED);
        assertThat(kit.vm(lent.name()).incarnations()).isEqualTo(1);
        stands(1, 0);
    }

    @Test
    void theEndOfThePoolIsThatOfWhatIsLent() {
        VmHandle lent = kit.await(pool.acquire());
        kit.await(pool.end());
        assertThat(lent.hasEnded()).isTrue();
        assertThat(kit.vmette().pool("web")).isEmpty();
        open(0, 1);
        assertThat(kit.vmette().pool("web")).contains(pool);
    }
}
