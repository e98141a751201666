package vmette.actors;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.AllDeadLetters;
import akka.actor.SuppressedDeadLetter;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.javadsl.Adapter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.Status;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.guest.protocol.AgentFrame;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class VmEndTest extends VmFixture {
    private static final Duration EXPLANATION = Duration.ofSeconds(2);
    private static final Duration SHUTDOWN_GRACE = Duration.ofSeconds(5);

    private FakeMachine machine;
    private FakeAgent agent;

    private void ready(VmSpec spec) {
        launch(spec, RecoveryPolicy.giveUp());
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    private void ready() {
        ready(VmSpec.builder().build());
    }

    /** What was said on the link before has reached the instance once it answers a ping. */
    private void fence() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        Await.value(reply);
    }

    // ---- an agent that does not answer

    @Test
    void aSignOfLifeThatDoesNotComeIsWaitedForSoLongAndNoLonger() {
        ready();
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        long nonce = agent.hear(FakeAgent.PING).u64();
        advanceUntilSettled(reply, Duration.ofSeconds(5));
        assertThat(Await.failure(reply))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("sign of life");
        agent.say(new AgentFrame.Pong(nonce, 1, Duration.ofSeconds(1)));
        fence();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void anAgentThatReadsNothingIsLost() {
        ready();
        agent.channel().fill();
        supervisor.tell(new VmRequest.Ping(new CompletableFuture<>()));
        agent.hear(FakeAgent.PING);
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(5));
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().cause().text()).contains("read nothing");
    }

    @Test
    void anAgentThatReadsOnIsNot() {
        ready();
        agent.channel().fill();
        supervisor.tell(new VmRequest.Ping(new CompletableFuture<>()));
        agent.hear(FakeAgent.PING);
        agent.channel().drain();
        fence();
        time.timePasses(Duration.ofHours(1));
        fence();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    // ---- by itself

    @Test
    void aMonitorThatCrashesLosesTheVm() {
        ready();
        machine.console.add("qemu: segmentation fault");
        machine.exit(VmmExit.Reason.CRASHED, 139, "killed by signal 11");
        VmFailure failure = failure();
        assertThat(failure.cause()).isEqualTo(new VmFailure.MonitorExited("killed by signal 11"));
        assertThat(failure.wasReady()).isTrue();
        assertThat(failure.incarnation()).isEqualTo(1);
        assertThat(failure.exit().orElseThrow().exitCode()).isEqualTo(139);
        VmetteException thrown = failure.toException();
        assertThat(thrown)
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("signal 11")
                .hasMessageContaining("segmentation fault");
        assertThat(thrown.status()).isEqualTo(Status.IO);
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void aGuestThatPowersOffIsNoFailureOnceItWasReady() {
        ready();
        machine.console.add("vmette-agent: fatal: printed by a command");
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.POWERED_OFF);
    }

    @Test
    void aLostLinkIsExplainedByTheExitThatFollows() {
        ready();
        agent.channel().resetByPeer();
        machine.broken.complete("the front-end hung up");
        machine.exit(VmmExit.Reason.GUEST_PANIC, 0, "panicked");
        assertThat(failure().cause()).isInstanceOf(VmFailure.GuestPanic.class);
    }

    @Test
    void aLostLinkAloneIsTheCauseAfterAWhile() {
        ready();
        agent.channel().resetByPeer();
        assertThat(advanceUntilSettled(vm.ended())).isGreaterThanOrEqualTo(EXPLANATION);
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().toException()).isInstanceOf(VmLostException.class);
        assertThat(failure().exit()).contains(FakeMachine.QUIT);
    }

    @Test
    void anAgentThatHangsUpIsLost() {
        ready();
        agent.channel().end();
        advanceUntilSettled(vm.ended());
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        agent.channel().awaitReset();
    }

    @Test
    void aLinkLostBeforeReadyIsNoReasonToWaitForTheDeadline() {
        launch();
        machine = machines.next();
        FakeAgent.answer(machine).channel().resetByPeer();
        assertThat(advanceUntilSettled(vm.ended())).isLessThan(settings.bootDeadline());
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().toException()).isInstanceOf(StartFailedException.class);
    }

    @Test
    void aBrokenDeviceIsTheCause() {
        ready();
        machine.broken.complete("descriptor loop in the TX ring");
        assertThat(advanceUntilSettled(vm.ended())).isGreaterThanOrEqualTo(EXPLANATION);
        assertThat(failure().cause()).isEqualTo(new VmFailure.DeviceBroken("descriptor loop in the TX ring"));
    }

    @Test
    void garbageFromTheAgentBreaksTheLink() {
        ready();
        agent.channel().deliver(new byte[] {1, 0, 0, 0, 0x7f});
        agent.channel().awaitReset();
        advanceUntilSettled(vm.ended());
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().cause().text()).contains("protocol");
    }

    @Test
    void anErrorAfterReadyIsALostAgent() {
        ready();
        agent.say(new AgentFrame.Error(AgentFrame.Error.BAD_FRAME, 0, "no such frame"));
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().cause().text()).contains("no such frame");
    }

    // ---- because it was asked to

    @Test
    void stoppingAsksTheGuestToPowerOff() {
        ready();
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        assertThat(machine.isClosed()).isFalse();
        agent.channel().resetByPeer();
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.STOPPED));
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void aGuestThatDoesNotPowerOffIsEndedAllTheSame() {
        ready();
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        assertThat(advanceUntilSettled(vm.ended()))
                .isBetween(SHUTDOWN_GRACE, SHUTDOWN_GRACE.plus(Duration.ofSeconds(10)));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    @Test
    void stoppingTwiceIsStoppingOnce() {
        ready();
        supervisor.tell(new VmSupervisor.Stop());
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        fenceByRefusedCommand();
        assertThat(new String(agent.channel().written(), ISO_8859_1))
                .endsWith("\u0001\u0000\u0000\u0000\u0007")
                .doesNotContain("\u0007\u0001\u0000\u0000\u0000\u0007");
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    @Test
    void askingAVmThatHasEndedLeavesNoDeadLettersInTheLog() {
        TestProbe<AllDeadLetters> letters = kit.createTestProbe();
        Adapter.toClassic(kit.system())
                .getEventStream()
                .subscribe(Adapter.toClassic(letters.ref()), AllDeadLetters.class);
        ready();
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        Await.value(vm.ended());
        letters.expectTerminated(supervisor, Duration.ofSeconds(30));
        // Of an incarnation they are told while its end is on its way.
        for (Object asked :
                List.of(new InstanceRequest.Stop(), new InstanceRequest.Kill(), new InstanceRequest.Ping(reply()))) {
            kit.system().deadLetters().unsafeUpcast().tell(asked);
        }
        supervisor.tell(new VmRequest.Ping(reply()));
        supervisor.tell(new VmSupervisor.Stop());
        AllDeadLetters letter;
        do {
            letter = letters.receiveMessage(Duration.ofSeconds(30));
            assertThat(letter).isInstanceOf(SuppressedDeadLetter.class);
        } while (!(letter.message() instanceof VmSupervisor.Stop));
    }

    private static CompletableFuture<AgentFrame.Pong> reply() {
        return new CompletableFuture<>();
    }

    private void fenceByRefusedCommand() {
        assertThat(Await.failure(run().running())).isInstanceOf(VmLostException.class);
    }

    @Test
    void stoppingWhileBootingEndsTheMachineAtOnce() {
        launch();
        machine = machines.next();
        machine.vsock.nextDial();
        CommandTicket waiting = run();
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(machine.isClosed()).isTrue();
        assertThat(Await.failure(vm.ready())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(waiting.outcome())).isInstanceOf(VmLostException.class);
    }

    @Test
    void stoppingWhileTheMachineIsBeingMadeClosesItWhenItIs() {
        machines.makesAtOnce = false;
        launch();
        FakeMachineFactory.Begun begun = machines.nextBegun();
        supervisor.tell(new VmSupervisor.Stop());
        fenceByRefusedCommand();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
        begun.make();
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(begun.machine().isClosed()).isTrue();
    }

    @Test
    void stoppingWhileAMachineIsNotGoingToBeMadeEndsToo() {
        machines.makesAtOnce = false;
        launch();
        FakeMachineFactory.Begun begun = machines.nextBegun();
        supervisor.tell(new VmSupervisor.Stop());
        begun.made().completeExceptionally(new StartFailedException("no such kernel"));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    @Test
    void theTimeoutEndsTheVmWithoutAskingIt() {
        ready(VmSpec.builder().timeout(Duration.ofSeconds(90)).build());
        time.timePasses(Duration.ofSeconds(90).minusMillis(1));
        fence();
        time.timePasses(Duration.ofMillis(1));
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.TIMED_OUT));
        assertThat(machine.isClosed()).isTrue();
    }

    @Test
    void theTimeoutCountsTheBootToo() {
        launch(VmSpec.builder().timeout(Duration.ofSeconds(1)).build(), RecoveryPolicy.giveUp());
        machines.next().vsock.nextDial();
        time.timePasses(Duration.ofSeconds(1));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.TIMED_OUT);
        assertThat(Await.failure(vm.ready()))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("timeout");
    }

    @Test
    void theEndWaitsForTheMachinesEnd() {
        ready();
        machine.closesAtOnce = false;
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(machine.closeAsked());
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
        machine.finishClose();
        Await.value(vm.ended());
    }

    // ---- what is asked of it meanwhile

    @Test
    void aPingIsAnsweredByTheAgent() {
        ready();
        fence();
    }

    @Test
    void aPingFailsWithTheVm() {
        ready();
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        agent.hear(FakeAgent.PING);
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    @Test
    void aPingBeforeReadyFails() {
        launch();
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    @Test
    void whatAnEndedInstanceLeftUnreadFails() {
        ready();
        machine.closesAtOnce = false;
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        Await.value(machine.closeAsked());
        // The instance's last act is held up, so that these reach its mailbox and nobody reads them.
        CompletableFuture<Void> held = new CompletableFuture<>();
        CompletableFuture<Void> reached = new CompletableFuture<>();
        machine.beforeConsole(() -> {
            reached.complete(null);
            held.join();
        });
        machine.finishClose();
        Await.value(reached);
        CommandTicket command = run();
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        held.complete(null);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    // ---- by a bug

    @Test
    void anInstanceThatThrowsClosesItsMachineAndSettlesThePromises() {
        launch();
        machine = machines.next();
        IllegalStateException bug = new IllegalStateException("bug");
        machine.capabilities = () -> {
            throw bug;
        };
        FakeAgent.boot(machine);
        assertThat(failure().cause()).isEqualTo(new VmFailure.Internal(bug));
        assertThat(machine.isClosed()).isTrue();
        assertThat(Await.failure(vm.ready()))
                .isInstanceOf(StartFailedException.class)
                .hasCause(bug);
    }

    @Test
    void aSystemThatTerminatesClosesTheMachineAndSettlesThePromises() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        agent.hear(FakeAgent.PING);
        kit.system().terminate();
        Await.value(machine.closeAsked());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    @Test
    void aSystemThatTerminatesDuringTheBootSettlesThePromises() {
        launch();
        machine = machines.next();
        machine.vsock.nextDial();
        CommandTicket waiting = run();
        fenceStash();
        kit.system().terminate();
        Await.value(vm.ended());
        assertThat(machine.isClosed()).isTrue();
        assertThat(Await.failure(vm.ready())).isInstanceOf(VmLostException.class);
        assertThat(Await.failure(waiting.outcome())).isInstanceOf(VmLostException.class);
    }

    private void fenceStash() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        Await.failure(reply);
    }
}
