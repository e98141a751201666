package vmette.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.testkit.Script.print;
import static vmette.testkit.Script.script;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.Execution;
import vmette.VmHandle;
import vmette.actors.VmEnd;
import vmette.actors.VmFailure;
import vmette.config.HealthCheck;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VsockResetException;

/** What befalls the kit's VMs, and what the real supervisors make of it. */
class TestVmFaultsTest {
    private final VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = transient");
    private final TestVm test = kit.vm("one");

    @AfterEach
    void close() {
        kit.close();
    }

    private VmHandle launch() {
        return kit.launch(VmSpec.builder().name("one").build());
    }

    private String lastCause() {
        List<VmFailure> failures = test.failures();
        return failures.get(failures.size() - 1).word();
    }

    @Test
    void aCrashLosesCommandsAndTheVmComesBack() {
        kit.onExec("work", Script.forever());
        kit.onExec("ping", command -> print("pong " + command.incarnation()));
        VmHandle vm = launch();
        Execution work = vm.exec("work");
        kit.await(work.started());
        test.crash();
        assertThatThrownBy(() -> kit.await(work.status())).isInstanceOf(VmLostException.class);
        kit.until(() -> test.incarnations() == 2);
        Execution ping = vm.exec("ping");
        CompletionStage<ByteString> said = ping.stdout().runWith(Sink.head(), kit.system());
        assertThat(kit.await(said).utf8String()).isEqualTo("pong 2");
        assertThat(test.failures()).hasSize(1);
        assertThat(lastCause()).isEqualTo("VmmExit(9)");
    }

    @ParameterizedTest
    @CsvSource({"BUSY, Hung", "IDLE, Dead", "STOPPED, Stopped"})
    void silenceIsToldApart(TestVm.Silence how, String word) {
        launch();
        test.hang(how);
        kit.until(() -> test.incarnations() == 2);
        assertThat(lastCause()).startsWith(word);
    }

    @Test
    void aGuestThatWakesInTimeGoesOnWhereItWas() {
        kit.onExec("work", script().thenPause(Duration.ofSeconds(5)).thenPrint("done"));
        VmHandle vm = launch();
        Execution work = vm.exec("work");
        CompletionStage<ByteString> said = work.stdout().runWith(Sink.head(), kit.system());
        kit.await(work.started());
        test.hang(TestVm.Silence.BUSY);
        kit.advance(Duration.ofSeconds(20));
        assertThat(said.toCompletableFuture()).isNotDone();
        test.wake();
        assertThat(kit.await(said).utf8String()).isEqualTo("done");
        assertThat(test.incarnations()).isEqualTo(1);
    }

    @Test
    void otherFaultsHaveTheirCauses() {
        launch();
        test.panic("Attempted to kill init! exitcode=0x00000009");
        kit.until(() -> test.incarnations() == 2);
        assertThat(lastCause()).isEqualTo("GuestPanic(panic, agent died)");
        test.tornFrame();
        kit.until(() -> test.incarnations() == 3);
        assertThat(lastCause()).startsWith("AgentLost");
        test.loseHelper();
        kit.until(() -> test.incarnations() == 4);
        assertThat(lastCause()).startsWith("HelperLost");
        test.breakDevice("a ring that is none");
        kit.until(() -> test.incarnations() == 5);
        assertThat(lastCause()).startsWith("DeviceBroken");
    }

    @Test
    void aPowerOffIsNoFailureOfATransientVm() {
        VmHandle vm = launch();
        test.powerOff();
        assertThat(kit.await(vm.ended()).how()).isEqualTo(VmEnd.How.POWERED_OFF);
    }

    @Test
    void oneConnectionIsLostAndTheVmIsNot() {
        kit.onVsock(7000, Script.cat());
        VmHandle vm = launch();
        CompletionStage<?> lost =
                Source.<ByteString>maybe().via(vm.vsock().connect(7000)).runWith(Sink.ignore(), kit.system());
        kit.settle();
        test.loseStream(7000);
        assertThatThrownBy(() -> kit.await(lost)).isInstanceOf(VsockResetException.class);
        assertThat(kit.await(vm.ping())).isNotNull();
        assertThat(test.incarnations()).isEqualTo(1);
    }

    @Test
    void bootsAreSlowRefusedOrFail() {
        test.slowBoot(Duration.ofSeconds(30));
        Instant begun = kit.clock().instant();
        VmHandle vm = launch();
        assertThat(kit.clock().instant()).isEqualTo(begun.plusSeconds(30));
        test.slowBoot(Duration.ofMinutes(2));
        test.crash();
        kit.until(() -> !test.failures().isEmpty());
        kit.until(() -> test.failures().size() == 2);
        assertThat(lastCause()).isEqualTo("BootDeadline");
        test.slowBoot(Duration.ZERO).refuseBoot("no root here").failStart("out of hosts");
        kit.until(() -> test.failures().size() == 4);
        assertThat(test.failures().stream().map(VmFailure::word))
                .containsExactly("VmmExit(9)", "BootDeadline", "NotStarted", "BootRefused");
        kit.until(test::isRunning);
        assertThat(kit.await(vm.ping())).isNotNull();
    }

    @Test
    void aFirstBootThatFailsIsTold() {
        test.failStart("out of hosts");
        assertThatThrownBy(this::launch)
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("out of hosts");
    }

    @Test
    void theLadderGoesDownFromSnapshotToSnapshotToABoot() {
        test.golden("best");
        kit.advance(Duration.ofMinutes(1));
        VmHandle vm = launch();
        kit.advance(Duration.ofMinutes(1));
        test.snapshot("latest");
        List<String> origins = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            long next = test.incarnations() + 1;
            test.panic("again");
            kit.until(() -> test.incarnations() == next);
            kit.await(vm.ping());
            origins.add(test.restoredFrom().orElse("boot"));
        }
        assertThat(origins).containsExactly("latest", "best", "boot");
    }

    @Test
    void aRestoreThatFailsIsFollowedByTheNextRung() {
        launch();
        kit.advance(Duration.ofMinutes(1));
        test.snapshot("latest").failRestores(2);
        kit.advance(Duration.ofMinutes(1));
        test.crash();
        kit.until(() -> test.incarnations() == 2);
        kit.settle();
        assertThat(test.restoredFrom()).isEmpty();
        assertThat(test.failures().stream().map(VmFailure::word))
                .hasSize(3)
                .first()
                .isEqualTo("VmmExit(9)");
        assertThat(lastCause()).startsWith("RestoreFailed");
    }

    @Test
    void healthChecksWork() {
        kit.onExec("check", command -> Script.exit(command.incarnation() == 1 ? 1 : 0));
        VmHandle vm = kit.launch(
                VmSpec.builder().name("one").health(HealthCheck.exec("check")).build());
        kit.until(() -> test.incarnations() == 2);
        assertThat(lastCause()).startsWith("HealthCheckFailed");
        kit.advance(Duration.ofMinutes(10));
        assertThat(test.incarnations()).isEqualTo(2);
        kit.await(vm.ping());
    }

    @Test
    void theSameRunHappensAtTheSameTimesEveryTime() {
        assertThat(storm()).isEqualTo(storm()).hasSize(5);
    }

    /** When a VM that crashes at once whenever it works fails. */
    private static List<String> storm() {
        try (VmetteTestKit kit = VmetteTestKit.create("vmette.recovery.mode = transient")) {
            kit.onExec("work", script().thenPause(Duration.ofMillis(10)).then(TestVm::crash));
            VmHandle vm = kit.launch(VmSpec.builder().name("one").build());
            TestVm test = kit.vm("one");
            for (int i = 1; i <= 5; i++) {
                Execution work = vm.exec("work");
                assertThatThrownBy(() -> kit.await(work.status())).isInstanceOf(VmLostException.class);
                long next = i + 1L;
                kit.until(() -> test.incarnations() == next);
            }
            return test.failures().stream()
                    .map(failure -> failure.life().orElseThrow().failed() + " " + failure.next())
                    .toList();
        }
    }

    @Test
    void theOneConnectionToAPortIsLostAndNoOther() {
        kit.onVsock(7000, Script.cat());
        kit.onVsock(7001, Script.cat());
        VmHandle vm = launch();
        CompletionStage<?> first =
                Source.<ByteString>maybe().via(vm.vsock().connect(7000)).runWith(Sink.ignore(), kit.system());
        CompletionStage<?> second =
                Source.<ByteString>maybe().via(vm.vsock().connect(7001)).runWith(Sink.ignore(), kit.system());
        kit.settle();
        test.loseStream(7002);
        kit.settle();
        assertThat(second.toCompletableFuture()).isNotDone();
        test.loseStream(7001);
        assertThatThrownBy(() -> kit.await(second)).isInstanceOf(VsockResetException.class);
        assertThat(first.toCompletableFuture()).isNotDone();
        assertThat(test.incarnations()).isEqualTo(1);
    }

    @Test
    void soManyRestoresFailAndTheNextDoesNot() {
        VmHandle vm = launch();
        kit.advance(Duration.ofMinutes(1));
        test.snapshot("latest").failRestores(1);
        kit.advance(Duration.ofMinutes(1));
        test.crash();
        kit.until(() -> test.incarnations() == 2);
        kit.await(vm.ping());
        assertThat(test.restoredFrom()).contains("latest");
        assertThat(test.failures()).hasSize(2);
        assertThat(lastCause()).startsWith("RestoreFailed");
    }
}
