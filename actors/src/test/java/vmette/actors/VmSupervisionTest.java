package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.recovery.Decision;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Rung;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** A supervisor from state to state. */
class VmSupervisionTest extends VmFixture {
    private static final Duration STABLE = Duration.ofMinutes(1);
    private static final RecoverySettings SETTINGS = new RecoverySettings(
            RestartMode.TRANSIENT,
            3,
            Duration.ofMinutes(10),
            new RecoverySettings.Backoff(Duration.ofSeconds(4), Duration.ofSeconds(30), 0.5),
            STABLE,
            2);

    private final TestClock clock = new TestClock();
    private final FakeShelf shelf = new FakeShelf();
    private final Semaphore decisions = new Semaphore(0);

    private void supervise(RecoverySettings settings) {
        launch(VmSpec.builder().build(), supervision(settings));
    }

    private Supervision supervision(RecoverySettings settings) {
        return new Supervision(RecoveryPolicy.of(settings), shelf, clock, () -> {
            decisions.release();
            return 0.5;
        });
    }

    private void supervise() {
        supervise(SETTINGS);
    }

    private static void crash(FakeMachine machine) {
        machine.exit(VmmExit.Reason.CRASHED, 137, "killed by signal 9");
    }

    private FakeAgent boot(FakeMachine machine) {
        FakeAgent agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
        awaitReady(agent);
        return agent;
    }

    /** The supervisor has heard that the incarnation is ready: it passes on what it is asked. */
    private void awaitReady(FakeAgent agent) {
        CommandTicket probe = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(probe.id());
    }

    /** Two failures in a row, the second of which is waited for: 4 s, less a quarter. */
    private void failTwice() {
        fail(machines.next());
        fail(machines.next());
        assertThat(machines.hasBegun()).isFalse();
    }

    /** Crashes, and waits until the supervisor has done what it has decided then. */
    private void fail(FakeMachine machine) {
        crash(machine);
        awaitDecision();
    }

    private void awaitDecision() {
        try {
            assertThat(decisions.tryAcquire(30, TimeUnit.SECONDS)).as("decided").isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
        fence();
    }

    /** The next incarnation begins after exactly so long. */
    private FakeMachineFactory.Begun nextAfter(Duration delay) {
        if (!delay.isZero()) {
            clock.pass(delay.minusMillis(1), time);
            fence();
            assertThat(machines.hasBegun()).isFalse();
            clock.pass(Duration.ofMillis(1), time);
        }
        return machines.nextBegun();
    }

    /** The supervisor has dealt with what it was told before. */
    private void fence() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    private CommandTicket run(Duration patience) {
        CommandTicket command = CommandTicket.create(1_000_000, ExecSpec.of("late"));
        supervisor.tell(new VmRequest.Run(command, Optional.of(patience)));
        return command;
    }

    // ---- Starting and Ready to Recovering

    @Test
    void theFirstRecoveryIsAtOnceAndTheSecondWaits() {
        supervise();
        fail(nextAfter(Duration.ZERO).machine());
        fail(nextAfter(Duration.ZERO).machine());
        fail(nextAfter(Duration.ofSeconds(3)).machine());
        boot(nextAfter(Duration.ofSeconds(6)).machine());
    }

    @Test
    void anIncarnationThatWasStableIsRecoveredAtOnce() {
        supervise();
        crash(machines.next());
        FakeMachine second = machines.next();
        boot(second);
        clock.pass(STABLE, time);
        crash(second);
        boot(machines.next());
    }

    @Test
    void tooManyAreGivenUpAndTheLastFailureSaysWhy() {
        supervise();
        fail(machines.next());
        fail(machines.next());
        fail(nextAfter(Duration.ofSeconds(3)).machine());
        crash(nextAfter(Duration.ofSeconds(6)).machine());
        VmFailure failure = failure();
        assertThat(failure.incarnation()).isEqualTo(4);
        assertThat(failure.word()).isEqualTo("VmmExit(9)");
        assertThat(failure.next().orElseThrow().text()).startsWith("given up: it was recovered 3 times within 600 s");
        assertThat(failure.life().orElseThrow().from()).isEqualTo(Origin.BOOT);
        assertThat(Await.failure(vm.ready())).isInstanceOf(StartFailedException.class);
    }

    @Test
    void aPowerOffIsRecoveredInOneModeOnly() {
        supervise(SETTINGS.withMode(RestartMode.PERMANENT));
        FakeMachine machine = machines.next();
        boot(machine);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        boot(machines.next());

        supervise();
        machine = machines.next();
        boot(machine);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.POWERED_OFF);
    }

    @Test
    void whatCanNeverWorkIsNotTriedAgain() {
        supervise();
        FakeAgent.answer(machines.next()).say(new AgentFrame.Hello(7, "agent-seven"));
        assertThat(failure().next().orElseThrow().text()).contains("another try would end the same way");
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void aLostHelperIsACauseOfItsOwn() {
        supervise(SETTINGS.withMode(RestartMode.TEMPORARY));
        FakeMachine machine = machines.next();
        boot(machine);
        machine.helperLost.complete("virtiofsd for the share work ended with status 1");
        advanceUntilSettled(vm.ended());
        assertThat(failure().cause())
                .isEqualTo(new VmFailure.HelperLost("virtiofsd for the share work ended with status 1"));
    }

    // ---- Recovering

    @Test
    void whatIsAskedMeanwhileWaitsForTheNextIncarnation() {
        supervise();
        failTwice();
        CommandTicket command = run();
        FakeAgent agent = FakeAgent.boot(nextAfter(Duration.ofSeconds(3)).machine());
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
    }

    @Test
    void stoppingMeanwhileEndsAtOnce() {
        supervise();
        failTwice();
        CommandTicket waiting = run();
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.value(vm.ended())).isEqualTo(VmEnd.of(VmEnd.How.STOPPED));
        assertThat(Await.failure(waiting.outcome())).isInstanceOf(VmLostException.class);
        time.timePasses(Duration.ofMinutes(5));
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void theTimeoutEndsItMeanwhile() {
        launch(VmSpec.builder().timeout(Duration.ofMillis(200)).build(), supervision(SETTINGS));
        failTwice();
        time.timePasses(Duration.ofMillis(200));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.TIMED_OUT);
    }

    @Test
    void anOrderedRestartDoesNotWait() {
        supervise();
        failTwice();
        supervisor.tell(new VmSupervisor.Restart());
        boot(machines.next());
        time.timePasses(Duration.ofMinutes(5));
        assertThat(machines.hasBegun()).isFalse();
    }

    // ---- what waits

    @Test
    void aRequestPastItsDeadlineIsNeverRun() {
        supervise();
        FakeMachine machine = machines.next();
        CommandTicket late = run(Duration.ofSeconds(5));
        fence();
        clock.pass(Duration.ofSeconds(5), time);
        assertThat(Await.failure(late.outcome()))
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("was not ready within 5 s: the command [late] was not started");
        boot(machine);
    }

    /** The timer's word may still be on its way when the VM becomes ready. */
    @Test
    void norIfItsTimerIsLate() {
        supervise();
        FakeMachine machine = machines.next();
        CommandTicket late = run(Duration.ofSeconds(5));
        fence();
        clock.pass(Duration.ofSeconds(5));
        boot(machine);
        assertThat(Await.failure(late.outcome())).isInstanceOf(OperationTimeoutException.class);
    }

    @Test
    void oneThatNobodyWaitsForAnyMoreIsNotRunAndTakesNoPlace() {
        supervise();
        FakeMachine machine = machines.next();
        CommandTicket first = run();
        for (int i = 1; i < VmSupervisor.STASH; i++) {
            run();
        }
        assertThat(Await.failure(run().outcome())).isInstanceOf(VmBusyException.class);
        first.fail(new IllegalStateException("its caller has gone"));
        CommandTicket last = run();
        fence();
        assertThat(last.outcome().toCompletableFuture()).isNotDone();
        FakeAgent agent = FakeAgent.boot(machine);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(first.id() + 1);
    }

    // ---- an ordered restart

    @Test
    void anOrderedRestartEndsTheGuestInOrderAndBootsAnother() {
        supervise(SETTINGS.withMode(RestartMode.TEMPORARY));
        FakeMachine first = machines.next();
        FakeAgent agent = boot(first);
        supervisor.tell(new VmSupervisor.Restart());
        agent.hear(FakeAgent.SHUTDOWN);
        CommandTicket command = run();
        first.closesAtOnce = false;
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        Await.value(first.closeAsked());
        assertThat(machines.hasBegun()).isFalse();
        first.finishClose();
        FakeAgent next = FakeAgent.boot(machines.next());
        assertThat(next.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
    }

    private CompletableFuture<VmReady> askForRestart() {
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Restart(reply));
        return reply;
    }

    @Test
    void whoAsksForARestartIsToldWhenTheNextIncarnationIsReady() {
        supervise(SETTINGS.withMode(RestartMode.TEMPORARY));
        FakeMachine first = machines.next();
        FakeAgent agent = boot(first);
        CompletableFuture<VmReady> reply = askForRestart();
        agent.hear(FakeAgent.SHUTDOWN);
        CompletableFuture<VmReady> another = askForRestart();
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        FakeMachine second = machines.next();
        second.vsock.nextDial().refuse();
        assertThat(reply).isNotDone();
        FakeAgent.boot(second);
        Await.value(reply);
        Await.value(another);
        assertThat(vm.incarnation().get()).isEqualTo(2);
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void aRestartEndsAWaitAndIsAnswered() {
        supervise();
        failTwice();
        CompletableFuture<VmReady> reply = askForRestart();
        FakeAgent.boot(machines.next());
        Await.value(reply);
        assertThat(vm.incarnation().get()).isEqualTo(3);
    }

    @Test
    void aRestartThatNoIncarnationFollowsFails() {
        supervise(SETTINGS.withMode(RestartMode.TEMPORARY));
        FakeMachine first = machines.next();
        FakeAgent agent = boot(first);
        CompletableFuture<VmReady> reply = askForRestart();
        agent.hear(FakeAgent.SHUTDOWN);
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        crash(machines.next());
        assertThat(Await.failure(reply)).isInstanceOf(StartFailedException.class);
        assertThat(failure().incarnation()).isEqualTo(2);
    }

    @Test
    void norOneOfAVmThatIsBeingStopped() {
        supervise();
        FakeMachine machine = machines.next();
        FakeAgent agent = boot(machine);
        CompletableFuture<VmReady> before = askForRestart();
        agent.hear(FakeAgent.SHUTDOWN);
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.failure(askForRestart()))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("is being stopped: it was not restarted");
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.failure(before)).isInstanceOf(VmLostException.class);
    }

    @Test
    void whoWaitsForARestartIsBounded() {
        supervise(SETTINGS.withMode(RestartMode.TEMPORARY));
        FakeMachine first = machines.next();
        FakeAgent agent = boot(first);
        List<CompletableFuture<VmReady>> waiting =
                Stream.generate(this::askForRestart).limit(VmSupervisor.STASH).toList();
        agent.hear(FakeAgent.SHUTDOWN);
        assertThat(Await.failure(askForRestart())).isInstanceOf(VmBusyException.class);
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        FakeAgent.boot(machines.next());
        waiting.forEach(Await::value);
    }

    @Test
    void aPatienceThatNoTimerCanHaveIsRefused() {
        CommandTicket command = CommandTicket.create(1, ExecSpec.of("late"));
        for (Duration odd : List.of(Duration.ZERO, Duration.ofSeconds(-1), Duration.ofDays(249))) {
            assertThatThrownBy(() -> new VmRequest.Run(command, Optional.of(odd)))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("is refused: allowed is a duration above 0, at most 248 days");
        }
    }

    @Test
    void aStopOverridesAnOrderedRestart() {
        supervise();
        FakeMachine machine = machines.next();
        FakeAgent agent = boot(machine);
        supervisor.tell(new VmSupervisor.Restart());
        agent.hear(FakeAgent.SHUTDOWN);
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.failure(run().outcome())).hasMessageContaining("is being stopped");
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(machines.hasBegun()).isFalse();
    }

    // ---- the ladder

    @Test
    void theLadderIsGoneDownFromTheLastGoodSnapshotToTheBoot() {
        shelf.add("new", TestClock.START.minusSeconds(1)).golden("golden");
        supervise(new RecoverySettings(RestartMode.TRANSIENT, 9, SETTINGS.within(), SETTINGS.backoff(), STABLE, 2));
        FakeMachine first = machines.next();
        boot(first);
        fail(first);
        FakeMachineFactory.Begun second = machines.nextBegun();
        assertThat(second.snapshot()).contains("new");
        boot(second.machine());
        fail(second.machine());
        FakeMachineFactory.Begun third = nextAfter(Duration.ofSeconds(3));
        assertThat(third.snapshot()).contains("golden");
        boot(third.machine());
        fail(third.machine());
        assertThat(nextAfter(Duration.ofSeconds(6)).snapshot()).isEmpty();
        assertThat(shelf.said).containsExactly("restored new", "restored golden");
    }

    @Test
    void aRestoreThatFailsIsTriedAgainAndThenDiscarded() {
        shelf.add("new", TestClock.START.minusSeconds(1));
        supervise();
        FakeMachine first = machines.next();
        boot(first);
        fail(first);
        for (Duration delay : List.of(Duration.ZERO, Duration.ofSeconds(3))) {
            FakeMachineFactory.Begun restored = nextAfter(delay);
            assertThat(restored.snapshot()).contains("new");
            fail(restored.machine());
        }
        assertThat(nextAfter(Duration.ofSeconds(6)).snapshot()).isEmpty();
        assertThat(shelf.said).containsExactly("failed new", "failed new", "discard new");
    }

    @Test
    void whereNothingCanBeRestoredThatIsAFailedRestore() {
        machines.restores = false;
        shelf.add("new", TestClock.START.minusSeconds(1));
        supervise(new RecoverySettings(RestartMode.TRANSIENT, 2, SETTINGS.within(), SETTINGS.backoff(), STABLE, 1));
        FakeMachine first = machines.next();
        boot(first);
        fail(first);
        awaitDecision();
        FakeMachineFactory.Begun cold = nextAfter(Duration.ofSeconds(3));
        assertThat(cold.snapshot()).isEmpty();
        assertThat(shelf.said).containsExactly("failed new", "discard new");
        crash(cold.machine());
        assertThat(failure().incarnation()).isEqualTo(3);
    }

    @Test
    void aFailedRestoreThatIsGivenUpSaysSoWithItsStatus() {
        machines.restores = false;
        shelf.add("new", TestClock.START.minusSeconds(1));
        supervise(new RecoverySettings(RestartMode.TRANSIENT, 1, SETTINGS.within(), SETTINGS.backoff(), STABLE, 1));
        FakeMachine first = machines.next();
        boot(first);
        crash(first);
        VmFailure failure = failure();
        assertThat(failure.toException())
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("new");
        assertThat(failure.word()).isEqualTo("RestoreFailed(new, NotStarted)");
        assertThat(failure.life().orElseThrow().from().rung()).isEqualTo(Rung.LAST_GOOD);
        assertThat(failure.next()).containsInstanceOf(Decision.GiveUp.class);
    }

    // ---- processes that cannot be ended

    private void quarantine(FakeMachine machine) {
        machine.closesAtOnce = false;
        machine.processes.add(4711L);
        crash(machine);
        Await.value(machine.closeAsked());
        advanceUntilSettled(vm.ended(), VmSupervisor.CLOSE_PATIENCE);
    }

    @Test
    void aProcessThatDoesNotDieIsNamedAndNothingOverlapsIt() {
        supervise();
        FakeMachine machine = machines.next();
        boot(machine);
        quarantine(machine);
        VmFailure failure = failure();
        assertThat(failure.cause()).isInstanceOfSatisfying(VmFailure.ProcessRemains.class, remains -> {
            assertThat(remains.pids()).containsExactly(4711L);
            assertThat(remains.waited()).isEqualTo(VmSupervisor.CLOSE_PATIENCE);
            assertThat(remains.why()).isInstanceOf(VmFailure.MonitorExited.class);
        });
        assertThat(failure.toException()).hasMessageContaining("process 4711 of it cannot be ended");
        assertThat(machines.hasBegun()).isFalse();
        supervisor.tell(new VmSupervisor.Stop());
        supervisor.tell(new VmSupervisor.Restart());
        assertThat(Await.failure(run().outcome())).hasMessageContaining("has ended");
        fence();
        machine.finishClose();
        kit.createTestProbe().expectTerminated(supervisor, Duration.ofSeconds(30));
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void soIsOneThatWasToldToStop() {
        supervise();
        FakeMachine machine = machines.next();
        machine.closesAtOnce = false;
        machine.vsock.nextDial();
        supervisor.tell(new VmSupervisor.Stop());
        Await.value(machine.closeAsked());
        advanceUntilSettled(vm.ended(), VmSupervisor.CLOSE_PATIENCE);
        assertThat(failure().cause())
                .isEqualTo(new VmFailure.ProcessRemains(
                        List.of(), VmSupervisor.CLOSE_PATIENCE, new VmFailure.OperatorStop()));
    }

    @Test
    void oneThatDiesInTimeIsNot() {
        supervise();
        FakeMachine machine = machines.next();
        machine.closesAtOnce = false;
        crash(machine);
        Await.value(machine.closeAsked());
        fence();
        time.timePasses(VmSupervisor.CLOSE_PATIENCE.minusMillis(1));
        machine.finishClose();
        FakeMachine next = machines.next();
        time.timePasses(Duration.ofMillis(1));
        boot(next);
    }

    @Test
    void theMachineOfACrashedInstanceIsWaitedForNoLonger() {
        supervise();
        FakeMachine machine = machines.next();
        machine.closesAtOnce = false;
        machine.capabilities = () -> {
            throw new IllegalStateException("bug");
        };
        FakeAgent.boot(machine);
        Await.value(machine.closeAsked());
        advanceUntilSettled(vm.ended(), VmSupervisor.CLOSE_PATIENCE);
        assertThat(failure().cause())
                .isInstanceOfSatisfying(VmFailure.ProcessRemains.class, remains -> assertThat(remains.why())
                        .isInstanceOf(VmFailure.Internal.class));
    }
}
