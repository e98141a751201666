package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.actors.CommandTicket.Claim;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.ExitKind;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.StreamId;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class ExecutionTest extends VmFixture {
    private FakeMachine machine;
    private FakeAgent agent;

    @BeforeEach
    void bootVm() {
        launch();
        machine = machines.next();
    }

    private void ready() {
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    private CommandTicket started(ExecSpec spec) {
        ready();
        CommandTicket command = run(spec);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
        agent.say(new AgentFrame.Started(command.id(), 42));
        assertThat(Await.value(command.running()).pid()).isEqualTo(42);
        return command;
    }

    private CommandTicket started() {
        return started(ExecSpec.of("true"));
    }

    private static AgentFrame.Exited exit(CommandTicket command, int status) {
        return new AgentFrame.Exited(command.id(), ExitKind.EXITED, status);
    }

    /** The agent's words and the ticket's have been dealt with by the execution when a signal sent after them arrives. */
    private void fence(CommandTicket command) {
        // The link's chunk has been dealt with by the instance when it asks for the next one; the rest is one mailbox.
        Await.monitor(agent.channel(), "demand", agent.channel()::hasDemand);
        Await.value(command.running()).actor().tell(new Execution.Resize(new ExecSpec.Terminal(1, 1)));
        agent.hear(FakeAgent.RESIZE);
    }

    @Test
    void theCommandIsSentAsItWasAsked() {
        ready();
        CommandTicket command = run(ExecSpec.of("sleep", "5")
                .withEnv("A", "b")
                .withDirectory("/tmp")
                .discardStderr()
                .leavingGroup()
                .withOutputGrace(Duration.ofMillis(77)));
        FakeAgent.Body exec = agent.hear(FakeAgent.EXEC);
        assertThat(exec.u64()).isEqualTo(command.id());
        assertThat(exec.u32()).isEqualTo(2);
        assertThat(exec.u8()).isEqualTo(1);
        exec.skip(16);
        assertThat(exec.u8()).isEqualTo(1);
        exec.skip(16);
        assertThat(exec.u8()).isZero();
        exec.skip(16);
        assertThat(exec.u32()).isEqualTo(77);
        assertThat(exec.u32()).isEqualTo((int) settings.exec().killGrace().toMillis());
        assertThat(exec.u32()).isZero();
        exec.skip(4);
        assertThat(exec.str()).isEqualTo("/tmp");
        assertThat(exec.strings()).containsExactly("sleep", "5");
        assertThat(exec.strings()).containsExactly("A=b");
    }

    @Test
    void aBuiltInIsMarkedAsOne() {
        ready();
        supervisor.tell(new VmRequest.Run(CommandTicket.builtIn(77, ExecSpec.of("stat", "/"))));
        FakeAgent.Body exec = agent.hear(FakeAgent.EXEC);
        assertThat(exec.u64()).isEqualTo(77);
        assertThat(exec.u32()).isEqualTo(16);
    }

    @Test
    void aTerminalHasASizeAndNoStderr() {
        ready();
        CommandTicket command = run(ExecSpec.of("sh").withTerminal(24, 80));
        FakeAgent.Body exec = agent.hear(FakeAgent.EXEC);
        exec.skip(8);
        assertThat(exec.u32()).isEqualTo(1);
        exec.skip(34);
        assertThat(exec.u8()).isZero();
        exec.skip(16 + 12);
        assertThat(exec.u16()).isEqualTo(24);
        assertThat(exec.u16()).isEqualTo(80);
        assertThat(command.take(StreamId.STDERR)).isFalse();
    }

    @Test
    void theOutcomeDoesNotWaitForOutputsThatNobodyTook() {
        CommandTicket command = started();
        agent.say(exit(command, 3));
        assertThat(Await.value(command.outcome())).isEqualTo(exit(command, 3));
        assertThat(command.claim(StreamId.STDOUT)).isEqualTo(Claim.OPEN);
    }

    @Test
    void theOutcomeWaitsForOutputsThatWereTaken() {
        CommandTicket command = started();
        assertThat(command.take(StreamId.STDIN)).isTrue();
        assertThat(command.take(StreamId.STDOUT)).isTrue();
        assertThat(command.take(StreamId.STDERR)).isTrue();
        agent.say(exit(command, 0));
        fence(command);
        assertThat(command.outcome().toCompletableFuture()).isNotDone();
        command.ended(StreamId.STDOUT);
        fence(command);
        assertThat(command.outcome().toCompletableFuture()).isNotDone();
        command.ended(StreamId.STDERR);
        Await.value(command.outcome());
    }

    @Test
    void aCommandThatTheAgentDoesNotStartFailsAfterAWhileAndIsEndedIfItRunsAfterAll() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        assertThat(command.take(StreamId.STDOUT)).isTrue();
        advanceUntilSettled(command.outcome(), Duration.ofSeconds(5));
        assertThat(Await.failure(command.outcome()))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("did not start")
                .hasMessageContaining(NAME);
        assertThat(Await.failure(command.running())).isInstanceOf(OperationTimeoutException.class);
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(command.id());
        assertThat(signal.u32()).isEqualTo(9);
        for (StreamId stream : StreamId.values()) {
            FakeAgent.Body discard = agent.hear(FakeAgent.DISCARD);
            assertThat(discard.u64()).isEqualTo(command.id());
            assertThat(discard.u8()).isEqualTo(stream.wire());
        }
    }

    @Test
    void aCommandThatRunsIsNotBoundByTheStartsDeadline() {
        CommandTicket command = started();
        time.timePasses(Duration.ofDays(1));
        agent.hear(FakeAgent.DISCARD);
        assertThat(command.outcome().toCompletableFuture()).isNotDone();
        agent.say(exit(command, 0));
        Await.value(command.outcome());
    }

    @Test
    void whatTheAgentSaysIsMadePrintable() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.ExecFailed(
                command.id(), 2, "\u001b]0;owned\u0007\nvmette: all is well" + "x".repeat(1 << 17)));
        assertThat(Await.failure(command.outcome()).getMessage())
                .contains("\\x1b]0;owned\\x07\\x0avmette")
                .doesNotContain("\u001b", "\n")
                .hasSizeLessThan(2000);
    }

    @Test
    void aStreamIsTakenOnce() {
        CommandTicket command = started();
        assertThat(command.take(StreamId.STDOUT)).isTrue();
        assertThat(command.take(StreamId.STDOUT)).isFalse();
        command.ended(StreamId.STDOUT);
        assertThat(command.take(StreamId.STDOUT)).isFalse();
    }

    @Test
    void theClaimTimeoutDiscardsWhatNobodyTook() {
        CommandTicket command = started();
        assertThat(command.take(StreamId.STDOUT)).isTrue();
        time.timePasses(settings.exec().claimTimeout().minusMillis(1));
        fence(command);
        assertThat(command.claim(StreamId.STDERR)).isEqualTo(Claim.OPEN);
        time.timePasses(Duration.ofMillis(1));
        for (StreamId stream : List.of(StreamId.STDIN, StreamId.STDERR)) {
            FakeAgent.Body discard = agent.hear(FakeAgent.DISCARD);
            assertThat(discard.u64()).isEqualTo(command.id());
            assertThat(discard.u8()).isEqualTo(stream.wire());
            assertThat(command.take(stream)).isFalse();
        }
        fence(command);
        assertThat(command.claim(StreamId.STDOUT)).isEqualTo(Claim.TAKEN);
    }

    @Test
    void theClaimTimeoutRunsOnAfterTheOutcome() {
        CommandTicket command = started(ExecSpec.of("true").withClaimTimeout(Duration.ofSeconds(1)));
        agent.say(exit(command, 0));
        Await.value(command.outcome());
        time.timePasses(Duration.ofSeconds(1));
        for (int i = 0; i < 3; i++) {
            agent.hear(FakeAgent.DISCARD);
        }
        kit.createTestProbe().expectTerminated(Await.value(command.running()).actor(), Duration.ofSeconds(30));
    }

    @Test
    void aCommandThatCannotBeRunFails() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.ExecFailed(command.id(), 2, "no such file"));
        assertThat(Await.failure(command.running()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("no such file");
        assertThat(Await.failure(command.outcome())).isInstanceOf(StartFailedException.class);
    }

    @Test
    void aCommandThatNoFrameCanHoldIsItsCallersError() {
        ready();
        CommandTicket command = run(ExecSpec.of("echo", "x".repeat(GuestProtocol.MAX_FRAME)));
        assertThat(Await.failure(command.outcome())).isInstanceOf(InvalidConfigException.class);
        assertThat(Await.failure(command.running())).isInstanceOf(InvalidConfigException.class);
        run();
        agent.hear(FakeAgent.EXEC);
    }

    @Test
    void anEndWithoutAStartIsNoOutcome() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        agent.say(exit(command, 0));
        assertThat(Await.failure(command.running())).isInstanceOf(StartFailedException.class);
        assertThat(Await.failure(command.outcome())).isInstanceOf(StartFailedException.class);
    }

    @Test
    void theFirstEndCounts() {
        CommandTicket command = started();
        assertThat(command.take(StreamId.STDOUT)).isTrue();
        agent.say(exit(command, 1), exit(command, 0));
        fence(command);
        command.ended(StreamId.STDOUT);
        assertThat(Await.value(command.outcome()).value()).isEqualTo(1);
    }

    @Test
    void framesOfUnknownExecutionsAreIgnored() {
        CommandTicket command = started();
        agent.say(new AgentFrame.Exited(command.id() + 1000, ExitKind.EXITED, 9), exit(command, 0));
        assertThat(Await.value(command.outcome()).value()).isZero();
    }

    @Test
    void signalsGoToTheCommandUntilItHasEnded() {
        CommandTicket command = started();
        var actor = Await.value(command.running()).actor();
        actor.tell(new Execution.Signal(GuestSignal.TERM, true));
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(command.id());
        assertThat(signal.u32()).isEqualTo(15);
        assertThat(signal.u8()).isEqualTo(1);

        agent.say(exit(command, 0));
        Await.value(command.outcome());
        actor.tell(new Execution.Signal(GuestSignal.KILL, false));
        fence(command);
    }

    private void hearSignal(CommandTicket command, GuestSignal expected, boolean group) {
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(command.id());
        assertThat(signal.u32()).isEqualTo(expected.number());
        assertThat(signal.u8()).isEqualTo(group ? 1 : 0);
    }

    /** Whose streams nobody asks for, for longer than any test moves the clock. */
    private static ExecSpec unclaimed() {
        return ExecSpec.of("true").withClaimTimeout(Duration.ofHours(1));
    }

    @Test
    void oneThatIsTerminatedGetsTermAndAfterTheGraceKill() {
        CommandTicket command = started(unclaimed().withKillGrace(Duration.ofSeconds(7)));
        command.terminate();
        hearSignal(command, GuestSignal.TERM, true);
        command.terminate();
        fence(command);
        time.timePasses(Duration.ofMillis(6900));
        fence(command);
        time.timePasses(Duration.ofMillis(200));
        hearSignal(command, GuestSignal.KILL, true);
    }

    @Test
    void oneThatEndsInTimeIsNotKilled() {
        CommandTicket command = started(unclaimed());
        command.take(StreamId.STDOUT);
        command.terminate();
        hearSignal(command, GuestSignal.TERM, true);
        agent.say(exit(command, 0));
        fence(command);
        time.timePasses(settings.exec().killGrace().plusSeconds(1));
        fence(command);
    }

    @Test
    void oneThatMayLeaveItsGroupIsTerminatedAlone() {
        CommandTicket command = started(unclaimed().leavingGroup());
        command.terminate();
        hearSignal(command, GuestSignal.TERM, false);
        time.timePasses(settings.exec().killGrace());
        hearSignal(command, GuestSignal.KILL, false);
    }

    @Test
    void oneThatIsTerminatedWhileItStartsGetsTermWhenItRuns() {
        ready();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        command.terminate();
        agent.say(new AgentFrame.Started(command.id(), 42));
        hearSignal(command, GuestSignal.TERM, true);
    }

    @Test
    void oneThatIsTerminatedBeforeTheVmIsReadyIsNeverStarted() {
        CommandTicket command = run();
        CommandTicket next = run();
        command.terminate();
        ready();
        assertThat(Await.failure(command.running())).isInstanceOf(StartFailedException.class);
        assertThat(Await.failure(command.outcome()))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("cancelled");
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
    }

    @Test
    void aTerminalsNewSizeIsTold() {
        CommandTicket command = started(ExecSpec.of("sh").withTerminal(24, 80));
        Await.value(command.running()).actor().tell(new Execution.Resize(new ExecSpec.Terminal(50, 132)));
        FakeAgent.Body resize = agent.hear(FakeAgent.RESIZE);
        assertThat(resize.u64()).isEqualTo(command.id());
        assertThat(resize.u16()).isEqualTo(50);
        assertThat(resize.u16()).isEqualTo(132);
    }

    @Test
    void aLostVmIsTheOutcomeOnce() {
        CommandTicket command = started();
        AtomicInteger outcomes = new AtomicInteger();
        CompletableFuture<Throwable> told = new CompletableFuture<>();
        command.outcome().whenComplete((end, failure) -> {
            outcomes.incrementAndGet();
            told.complete(failure);
        });
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        assertThat(Await.value(told)).hasCauseInstanceOf(VmLostException.class).hasMessageContaining("command [true]");
        Await.value(vm.ended());
        assertThat(outcomes).hasValue(1);
    }

    @Test
    void commandsForAVmThatBootsWaitInOrder() {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            ids.add(run().id());
        }
        ready();
        for (long id : ids) {
            assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(id);
        }
    }

    @Test
    void tooManyWaitingCommandsAreRefused() {
        List<CommandTicket> waiting = new ArrayList<>();
        for (int i = 0; i < VmSupervisor.STASH; i++) {
            waiting.add(run());
        }
        assertThat(Await.failure(run().outcome())).isInstanceOf(VmBusyException.class);
        assertThat(waiting).allSatisfy(ticket -> assertThat(ticket.outcome().toCompletableFuture())
                .isNotDone());
        ready();
        for (CommandTicket ticket : waiting) {
            agent.hear(FakeAgent.EXEC);
            assertThat(ticket.outcome().toCompletableFuture()).isNotDone();
        }
    }

    @Test
    void aVmThatFailsToBootFailsItsWaitingCommandsWithItsReason() {
        CommandTicket waiting = run();
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
        assertThat(Await.failure(waiting.outcome())).isInstanceOf(StartFailedException.class);
        assertThat(Await.failure(waiting.running())).hasMessageContaining("crashed");
    }
}
