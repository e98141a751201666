package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class VmBootTest extends VmFixture {

    @Test
    void bootsToReady() {
        launch();
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.name()).isEqualTo(NAME);
        assertThat(begun.spec()).isEqualTo(vm.spec());
        FakeAgent agent = FakeAgent.answer(begun.machine());
        assertThat(agent.hear(FakeAgent.HELLO).u16()).isEqualTo(GuestProtocol.VERSION);
        FakeAgent.Body boot = agent.hear(FakeAgent.BOOT);
        assertThat(boot.u8()).isZero();
        assertThat(boot.str()).isEqualTo(NAME);
        assertThat(boot.strings()).containsExactly("COLOUR=blue", "VMETTE_VSOCK_PORT=50123");
        agent.say(FakeAgent.GREETING);
        agent.say(FakeAgent.READY);

        VmReady ready = Await.value(vm.ready());
        assertThat(ready.kernel()).isEqualTo("6.1.0-fake");
        assertThat(ready.memoryBytes()).isEqualTo(1 << 28);
        assertThat(ready.guestBootTime()).isEqualTo(Duration.ofMillis(700));
        assertThat(ready.capabilities()).isEqualTo(FakeMachine.CAPABILITIES);
        assertThat(begun.machine().isClosed()).isFalse();
        time.timePasses(settings.bootDeadline().multipliedBy(2));
        run();
        agent.hear(FakeAgent.EXEC);
    }

    @Test
    void anotherVersionIsRefused() {
        launch();
        FakeAgent agent = FakeAgent.answer(machines.next());
        agent.say(new AgentFrame.Hello(7, "agent-seven"));
        VmFailure failure = failure();
        assertThat(failure.cause()).isInstanceOf(VmFailure.BootRefused.class);
        assertThat(failure.cause().text()).contains("agent-seven", "version 7", "version 2");
        failsWith(StartFailedException.class, Status.START_FAILED);
    }

    @Test
    void anythingBeforeTheVersionIsRefused() {
        launch();
        FakeAgent agent = FakeAgent.answer(machines.next());
        agent.say(FakeAgent.READY);
        assertThat(failure().cause()).isInstanceOf(VmFailure.BootRefused.class);
        failsWith(StartFailedException.class, Status.START_FAILED);
    }

    @Test
    void theAgentsErrorIsTheReason() {
        launch();
        FakeMachine machine = machines.next();
        FakeAgent agent = FakeAgent.answer(machine);
        agent.say(FakeAgent.GREETING);
        agent.say(new AgentFrame.Error(AgentFrame.Error.BOOT_FAILED, 12, "cannot mount /proc"));
        assertThat(failure().cause()).isInstanceOf(VmFailure.BootRefused.class);
        assertThat(failsWith(StartFailedException.class, Status.START_FAILED))
                .hasMessageContaining("cannot mount /proc");
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void anErrorJustBeforeGarbageIsStillTheReason() {
        launch();
        FakeAgent agent = FakeAgent.answer(machines.next());
        byte[] error = FakeAgent.encode(new AgentFrame.Error(AgentFrame.Error.BAD_FRAME, 0, "host said nonsense"));
        byte[] chunk = Arrays.copyOf(error, error.length + 5);
        agent.channel().deliver(chunk);
        assertThat(failure().cause().text()).contains("host said nonsense");
    }

    @Test
    void anAgentsWordsAreMadePrintable() {
        launch();
        FakeAgent agent = FakeAgent.answer(machines.next());
        agent.say(new AgentFrame.Error(AgentFrame.Error.BOOT_FAILED, 0, "\u001b[2Jgone\n" + "x".repeat(1 << 17)));
        assertThat(failure().cause().text())
                .startsWith("the agent refused: \\x1b[2Jgone\\x0axx")
                .hasSizeLessThan(2000);
    }

    @Test
    void theDeadlineEndsABootWithTheConsolesLastWords() {
        launch();
        FakeMachine machine = machines.next();
        machine.console.addAll(List.of("first", "1", "2", "3", "4", "5", "6", "7", "last words"));
        machine.vsock.nextDial();
        time.timePasses(settings.bootDeadline().minusMillis(1));
        assertThat(machine.isClosed()).isFalse();
        time.timePasses(Duration.ofMillis(1));
        assertThat(failure().cause()).isEqualTo(new VmFailure.BootDeadline(settings.bootDeadline()));
        assertThat(failsWith(OperationTimeoutException.class, Status.TIMEOUT))
                .hasMessageContaining("vmette.boot.deadline")
                .hasMessageContaining("last words")
                .message()
                .doesNotContain("first");
    }

    @Test
    void aRefusedDialIsRepeated() {
        launch();
        FakeMachine machine = machines.next();
        machine.vsock.nextDial().refuse();
        advanceUntil(machine.vsock::hasDial);
        FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    @Test
    void aMonitorThatSaysItStartedIsDialledWithoutWaitingForTheClock() {
        launch();
        FakeMachine machine = machines.next();
        machine.vsock.nextDial().refuse();
        machine.started.complete(null);
        FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    @Test
    void aMachineThatCannotBeMadeFailsWithItsOwnReason() {
        machines.makesAtOnce = false;
        launch();
        VmetteException reason = new VmetteIoException("no memory left for guests");
        machines.nextBegun().made().completeExceptionally(reason);
        assertThat(failure().cause()).isEqualTo(new VmFailure.NotStarted(reason));
        assertThat(Await.failure(vm.ready())).isSameAs(reason);
    }

    @Test
    void aFactoryThatThrowsFailsTheVm() {
        machines.failure = new IllegalStateException("factory bug");
        launch();
        assertThat(failure().cause()).isEqualTo(new VmFailure.Internal(machines.failure));
        assertThat(failsWith(StartFailedException.class, Status.START_FAILED)).hasCause(machines.failure);
    }

    @Test
    void aMonitorThatDoesNotStartFailsWithItsOwnReason() {
        launch();
        FakeMachine machine = machines.next();
        VmetteException reason = new StartFailedException("qemu refused its arguments");
        machine.started.completeExceptionally(reason);
        assertThat(Await.failure(vm.ready())).isSameAs(reason);
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void anEnvironmentTooLargeForAFrameIsTheCallersError() {
        launch(
                VmSpec.builder()
                        .env("LARGE", "x".repeat(GuestProtocol.MAX_FRAME))
                        .build(),
                RecoveryPolicy.giveUp());
        machines.next().vsock.nextDial().open();
        failsWith(InvalidConfigException.class, Status.INVALID_CONFIG);
    }

    @Test
    void aMonitorThatExitsBeforeReadyExplainsTheBoot() {
        launch();
        FakeMachine machine = machines.next();
        machine.console.add("[    0.9] Kernel panic - not syncing: no init found");
        machine.exit(VmmExit.Reason.GUEST_RESET, 0, "the guest reset");
        VmFailure failure = failure();
        assertThat(failure.cause()).isInstanceOf(VmFailure.GuestPanic.class);
        assertThat(failure.exit()).contains(new VmmExit(VmmExit.Reason.GUEST_RESET, 0, "the guest reset"));
        assertThat(failsWith(StartFailedException.class, Status.START_FAILED)).hasMessageContaining("no init found");
    }

    @Test
    void aGuestThatPowersOffBeforeReadyHasFailed() {
        launch();
        machines.next().exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(failure().cause()).isEqualTo(new VmFailure.PoweredOff());
        failsWith(StartFailedException.class, Status.START_FAILED);
    }

    @Test
    void theAgentsFatalWordOnTheConsoleIsTheReason() {
        launch();
        FakeMachine machine = machines.next();
        machine.console.add("[ 1.0] vmette-agent: fatal: no AF_VSOCK");
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(failure().cause()).isEqualTo(new VmFailure.BootRefused("vmette-agent: fatal: no AF_VSOCK"));
    }

    @Test
    void aSecondReadyChangesNothing() {
        launch();
        FakeAgent agent = FakeAgent.boot(machines.next());
        Await.value(vm.ready());
        agent.say(FakeAgent.READY);
        run();
        agent.hear(FakeAgent.EXEC);
    }

    private Throwable failsWith(Class<? extends VmetteException> type, Status status) {
        Throwable failure = Await.failure(vm.ready());
        assertThat(failure).isInstanceOf(type);
        assertThat(((VmetteException) failure).status()).isEqualTo(status);
        return failure;
    }
}
