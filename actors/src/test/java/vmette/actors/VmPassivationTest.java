package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import vmette.admission.AdmissionControl;
import vmette.admission.VmAdmission;
import vmette.config.AdmissionSettings;
import vmette.config.ExecSpec;
import vmette.config.HealthCheck;
import vmette.config.RestartMode;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.config.WhenFull;
import vmette.config.fleet.Service;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.InstanceId;
import vmette.log.LogRing;
import vmette.machine.GuestSetup;
import vmette.machine.SaveReport;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Rung;
import vmette.rootfs.ImageDefaults;
import vmette.stream.Await;
import vmette.stream.FakeVsockHost;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockCounts;

/** A VM that nobody uses is saved and stopped, and woken by whatever is asked of it; nothing that was asked is lost. */
class VmPassivationTest extends VmFixture {
    private static final Duration IDLE = Duration.ofSeconds(10);
    private static final Duration STEP = Duration.ofSeconds(2);
    private static final SaveReport REPORT = new SaveReport("/p1", Duration.ofMillis(80), 64 << 20);

    private final List<VmEvent> events = new CopyOnWriteArrayList<>();
    private final TestClock clock = new TestClock();
    private final AdmissionControl control = new AdmissionControl(
            new AdmissionSettings(OptionalInt.of(2), OptionalLong.of(1000), 10, WhenFull.QUEUE), 1, 1, clock);
    private FakeMachine machine;
    private FakeAgent agent;

    private static VmSpecBuilder spec() {
        return VmSpec.builder()
                .snapshots(SnapshotSpec.builder().passivateAfter(IDLE).build());
    }

    private Supervision supervision(RecoveryPolicy policy) {
        VmAdmission way = control.vm(NAME, "", 512, WhenFull.FAIL);
        Supervision by = Supervision.by(policy);
        return new Supervision(
                by.policy(), by.shelf(), clock, by.random(), way, events::add, by.first(), Optional.empty());
    }

    private void boot() {
        boot(spec().build(), supervision(RecoveryPolicy.giveUp()));
    }

    private void boot(VmSpec spec, Supervision supervision) {
        machines.restored = new GuestSetup(List.of(), ImageDefaults.NONE, true);
        launch(spec, supervision);
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
    }

    /** The time of the scheduler and of the supervisor. */
    private void until(BooleanSupplier happened) {
        for (int i = 0; !happened.getAsBoolean(); i++) {
            assertThat(i).as("steps, at %s: %s", clock.instant(), events).isLessThan(60);
            clock.pass(STEP, time);
        }
    }

    private FakeMachine.Asked save() {
        until(() -> !machine.saves.isEmpty());
        FakeMachine.Asked save = Await.next(machine.saves, "save");
        assertThat(save.snapshot()).isEmpty();
        assertThat(save.thenEnd()).isTrue();
        return save;
    }

    /** The machine ends with its save. */
    private void saved(FakeMachine.Asked save, SaveReport report) {
        machine.vsock.unplug();
        machine.exit(VmmExit.Reason.REQUESTED, 0, "told to quit");
        save.answer().complete(report);
    }

    private VmEvent.Passivated passive() {
        saved(save(), REPORT);
        VmEvent.Passivated told = told(VmEvent.Passivated.class);
        assertThat(machine.isClosed()).isTrue();
        return told;
    }

    private <E extends VmEvent> E told(Class<E> kind) {
        Await.until("an event " + kind.getSimpleName(), () -> events.stream().anyMatch(kind::isInstance));
        return events.stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .reduce((former, later) -> later)
                .orElseThrow();
    }

    private long count(Class<? extends VmEvent> kind) {
        return events.stream().filter(kind::isInstance).count();
    }

    private void restoring() {
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).contains(REPORT.snapshot());
        machine = begun.machine();
        machine.started.complete(null);
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        agent.say(FakeAgent.GREETING);
    }

    private void comesBack() {
        restoring();
        long ready = count(VmEvent.BecameReady.class);
        answerRestore();
        for (; ; ) {
            // In this order: what is said before it is ready is no command.
            boolean said = agent.hasMore();
            if (count(VmEvent.BecameReady.class) > ready) {
                return;
            }
            if (said) {
                answerRestore();
            }
            Thread.onSpinWait();
        }
    }

    private void answerRestore() {
        FakeAgent.Body restore = agent.hear(FakeAgent.RESTORE);
        restore.u64();
        restore.bytes(Entropy.BYTES);
        agent.say(RenewalTest.restored(InstanceId.of(restore.bytes(InstanceId.BYTES)), Duration.ofMinutes(1)));
    }

    private void runs(CommandTicket command) {
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
    }

    private long reservedMib() {
        return control.status().memoryMib();
    }

    // ---- there and back

    @Test
    void itIsSavedAndGoneAndACommandBringsItBack() {
        boot();
        assertThat(reservedMib()).isEqualTo(512 + AdmissionControl.MONITOR_MIB);
        VmEvent.Passivated passive = passive();
        assertThat(passive.incarnation()).isEqualTo(1);
        assertThat(passive.report()).isEqualTo(REPORT);
        assertThat(passive.at()).isAfterOrEqualTo(TestClock.START.plus(IDLE));
        assertThat(events).noneMatch(VmEvent.Saved.class::isInstance);
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
        assertThat(reservedMib()).isZero();
        assertThat(machines.hasBegun()).isFalse();
        clock.pass(Duration.ofHours(2));

        CommandTicket command = run();
        comesBack();
        runs(command);
        VmEvent.Woken woken = told(VmEvent.Woken.class);
        assertThat(woken.by()).isEqualTo("a command");
        assertThat(woken.passive()).isEqualTo(Duration.ofHours(2));
        assertThat(woken.incarnation()).isEqualTo(2);
        assertThat(vm.incarnation()).hasValue(2);
        assertThat(reservedMib()).isEqualTo(512 + AdmissionControl.MONITOR_MIB);
        assertThat(machines.discarded).containsExactly(REPORT.snapshot());
        assertThat(events).filteredOn(VmEvent.Began.class::isInstance).last().satisfies(event -> assertThat(
                        ((VmEvent.Began) event).from().rung())
                .isEqualTo(Rung.LAST_GOOD));
    }

    @Test
    void againAndAgain() {
        boot();
        for (int i = 1; i <= 3; i++) {
            passive();
            CommandTicket command = run();
            comesBack();
            runs(command);
            agent.say(new AgentFrame.ExecFailed(command.id(), 2, "no such file"));
            Await.failure(command.outcome());
            assertThat(machines.discarded).hasSize(i);
            events.clear();
        }
    }

    @Test
    void whatItTakesIsWhatItIsWokenFor() {
        boot();
        passive();
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        supervisor.tell(new VmRequest.Find(77, found));
        restoring();
        agent.say(new AgentFrame.Started(77, 5));
        long ready = count(VmEvent.BecameReady.class);
        answerRestore();
        Await.until("ready", () -> count(VmEvent.BecameReady.class) > ready);
        assertThat(Await.value(Await.value(found).started())).isEqualTo(5);
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        assertThat(Await.value(sign).uptime()).isEqualTo(Duration.ofSeconds(3));
        assertThat(told(VmEvent.Woken.class).by()).isEqualTo("a question to its agent");
    }

    @Test
    void aForwardedConnectionWakesIt() {
        boot();
        passive();
        ForwardTicket connection = ForwardTicket.create(1, 80);
        supervisor.tell(new VmRequest.Forward(connection));
        comesBack();
        agent.hear(FakeAgent.FORWARD);
        assertThat(told(VmEvent.Woken.class).by()).isEqualTo("a connection to port 80");
    }

    @Test
    void aSnapshotOfAPassiveVmIsTakenOfItsNextIncarnation() {
        boot();
        passive();
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Save("s1", false, reply));
        comesBack();
        FakeMachine.Asked save = Await.next(machine.saves, "save");
        assertThat(save.snapshot()).isEqualTo("s1");
        save.answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(Await.failure(reply)).hasMessage("no room");
    }

    @Test
    void aDialWakesItAndIsMadeOnceItIsReady() {
        boot();
        passive();
        IgnoringHandler dialler = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMinutes(5), dialler);
        restoring();
        assertThat(machine.vsock.hasDial()).isFalse();
        long ready = count(VmEvent.BecameReady.class);
        answerRestore();
        Await.until("ready", () -> count(VmEvent.BecameReady.class) > ready);
        assertThat(machine.vsock.nextDial().port()).isEqualTo(7000);
        assertThat(dialler.reset).isNull();
        assertThat(told(VmEvent.Woken.class).by()).isEqualTo("a connection to its vsock port 7000");
    }

    @Test
    void aDialThatWaitsTooLongIsRefused() {
        boot();
        passive();
        IgnoringHandler dialler = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMillis(1), dialler);
        // It is being restored, which never ends.
        machines.next();
        until(() -> dialler.reset != null);
        assertThat(dialler.reset).hasMessageContaining("7000");
    }

    // ---- what counts as use

    private void staysUpFor(Duration span) {
        Instant until = clock.instant().plus(span);
        until(() -> !clock.instant().isBefore(until));
        assertThat(machine.saves).isEmpty();
    }

    @Test
    void aCommandThatRunsKeepsItUpAndAfterItsEndTheTimeBeginsAnew() {
        boot();
        CommandTicket command =
                run(ExecSpec.of("true").withoutStdin().discardStdout().discardStderr());
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 5));
        staysUpFor(IDLE.multipliedBy(3));
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        Await.value(command.outcome());
        Instant ended = clock.instant();
        save();
        assertThat(clock.instant()).isAfterOrEqualTo(ended.plus(IDLE).minus(STEP));
    }

    @Test
    void aDetachedCommandKeepsItUpUntilItHasEnded() {
        boot();
        DetachedTicket command = DetachedTicket.create(900, ExecSpec.of("serve").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(command));
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(900, 5));
        Await.value(command.started());
        staysUpFor(IDLE.multipliedBy(3));
        agent.say(new AgentFrame.Exited(900, AgentFrame.ExitKind.EXITED, 0));
        Await.value(command.outcome());
        save();
    }

    @Test
    void soDoesOneThatWasStartedInAFormerLife() {
        boot();
        agent.say(new AgentFrame.Started(77, 5));
        staysUpFor(IDLE.multipliedBy(3));
        agent.say(new AgentFrame.Exited(77, AgentFrame.ExitKind.EXITED, 0));
        save();
    }

    @Test
    void anOpenConnectionKeepsItUp() {
        boot();
        AtomicInteger open = new AtomicInteger(2);
        // One of them is the link to its agent.
        machine.vsock.counts(() -> new VsockCounts(open.get(), 0, 0));
        staysUpFor(IDLE.multipliedBy(3));
        open.set(1);
        save();
    }

    @Test
    void aConnectionThatCameAndWentBetweenTwoLooksCounts() {
        boot();
        machine.vsock.counts(() -> new VsockCounts(1, 0, 0));
        for (int i = 0; i < 4; i++) {
            staysUpFor(IDLE.minus(STEP.multipliedBy(2)));
            vm.vsock().connect(7000, Duration.ofSeconds(1), new IgnoringHandler());
            machine.vsock.nextDial().refuse();
        }
        save();
    }

    @Test
    void healthChecksAreNoUseOfIt() {
        boot(
                spec().health(HealthCheck.exec("true").withInterval(Duration.ofSeconds(4)))
                        .build(),
                supervision(RecoveryPolicy.giveUp()));
        until(() -> {
            if (agent.hasMore()) {
                long check = agent.hear(FakeAgent.EXEC).u64();
                agent.say(
                        new AgentFrame.Started(check, 9), new AgentFrame.Exited(check, AgentFrame.ExitKind.EXITED, 0));
            }
            return !machine.saves.isEmpty();
        });
    }

    @Test
    void aVmWithAServiceIsNeverPassive() {
        vm = VmTicket.create(
                NAME,
                spec().build(),
                new VmVsock(NAME),
                Optional.empty(),
                Optional.of(new VmService(Service.shell("serve"), RestartMode.TRANSIENT)),
                new LogRing(1000));
        supervisor = kit.spawn(
                VmSupervisor.create(vm, settings, machines, supervision(RecoveryPolicy.giveUp()), Optional.empty()));
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        staysUpFor(IDLE.multipliedBy(4));
    }

    @Test
    void byDefaultNoVmIs() {
        boot(VmSpec.builder().build(), supervision(RecoveryPolicy.giveUp()));
        staysUpFor(IDLE.multipliedBy(4));
    }

    // ---- what comes in between

    /** Begun after the look that found it idle, and before the save. */
    @Test
    void whatWasBegunBeforeTheSaveIsAReasonNotToBeginIt() {
        boot();
        IgnoringHandler dialler = new IgnoringHandler();
        AtomicInteger asked = new AtomicInteger();
        List<CommandTicket> commands = new CopyOnWriteArrayList<>();
        machine.vsock.counts(() -> {
            // It has been found idle, and is asked once more before it is saved.
            if (vm.vsock().isHeld() && asked.incrementAndGet() == 1) {
                vm.vsock().connect(7000, Duration.ofMinutes(5), dialler);
                commands.add(run());
                return new VsockCounts(2, 0, 0);
            }
            return new VsockCounts(1, 0, 0);
        });
        until(() -> !commands.isEmpty());
        assertThat(machine.vsock.nextDial().port()).isEqualTo(7000);
        runs(commands.get(0));
        assertThat(machine.saves).isEmpty();
        assertThat(events).noneMatch(VmEvent.NotPassivated.class::isInstance);
        assertThat(dialler.reset).isNull();
        agent.say(new AgentFrame.ExecFailed(commands.get(0).id(), 2, "no such file"));
        save();
    }

    @Test
    void whatIsAskedWhileItIsSavedIsDoneInTheNextIncarnation() {
        boot();
        FakeMachine.Asked save = save();
        CommandTicket command = run();
        IgnoringHandler dialler = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMinutes(5), dialler);
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        saved(save, REPORT);
        comesBack();
        runs(command);
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        Await.value(sign);
        assertThat(machine.vsock.nextDial().port()).isEqualTo(7000);
        assertThat(dialler.reset).isNull();
        assertThat(told(VmEvent.Passivated.class).incarnation()).isEqualTo(1);
        assertThat(told(VmEvent.Woken.class).by()).isEqualTo("a command");
        assertThat(reservedMib()).isEqualTo(512 + AdmissionControl.MONITOR_MIB);
    }

    @Test
    void oneThatCannotBeSavedGoesOnAndIsTriedOnce() {
        boot();
        FakeMachine.Asked save = save();
        CommandTicket command = run();
        IgnoringHandler dialler = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMinutes(5), dialler);
        save.answer().completeExceptionally(new SaveFailedException("a share is outside of what is saved", null));
        runs(command);
        assertThat(machine.vsock.nextDial().port()).isEqualTo(7000);
        assertThat(told(VmEvent.NotPassivated.class).reason()).contains("a share");
        agent.say(new AgentFrame.ExecFailed(command.id(), 2, "no such file"));
        Await.failure(command.outcome());
        staysUpFor(IDLE.multipliedBy(4));
        assertThat(count(VmEvent.NotPassivated.class)).isEqualTo(1);
        assertThat(vm.incarnation()).hasValue(1);
    }

    @Test
    void aSaveThatFailsLateLeavesItUsable() {
        boot();
        FakeMachine.Asked save = save();
        CommandTicket command = run();
        machine.vsock.unplug();
        save.answer().completeExceptionally(new SaveFailedException("disk full", null));
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        agent.say(FakeAgent.GREETING);
        answerRestore();
        runs(command);
        assertThat(told(VmEvent.NotPassivated.class).reason()).isEqualTo("disk full");
        assertThat(vm.incarnation()).hasValue(1);
    }

    @Test
    void aMonitorThatDiesInTheMiddleIsAFailureAndWhatWaitsIsDoneAfterIt() {
        boot(spec().build(), supervision(restart()));
        FakeMachine.Asked save = save();
        CommandTicket command = run();
        machine.exit(VmmExit.Reason.CRASHED, 139, "SIGSEGV");
        save.answer().completeExceptionally(new VmLostException("gone"));
        machine = machines.next();
        agent = FakeAgent.boot(machine);
        runs(command);
        assertThat(told(VmEvent.Failed.class).failure().cause()).isInstanceOf(VmFailure.MonitorExited.class);
    }

    @Test
    void questionsThatWaitAreBounded() {
        boot();
        passive();
        machines.makesAtOnce = false;
        for (int i = 0; i < VmSupervisor.STASH; i++) {
            supervisor.tell(new VmRequest.Ping(new CompletableFuture<>()));
        }
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        assertThat(Await.failure(sign)).isInstanceOf(VmBusyException.class);
    }

    // ---- what ends it

    private VmEnd stop() {
        supervisor.tell(new VmSupervisor.Stop());
        return Await.value(vm.ended());
    }

    private void assertNothingIsLeft() {
        Await.until("given up", () -> machines.discarded.contains(REPORT.snapshot()));
        assertThat(reservedMib()).isZero();
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void aPassiveVmIsStoppedWithoutBeingWoken() {
        boot();
        passive();
        assertThat(stop().how()).isEqualTo(VmEnd.How.STOPPED);
        assertNothingIsLeft();
        IgnoringHandler dialler = new IgnoringHandler();
        vm.vsock().connect(7000, Duration.ofMinutes(5), dialler);
        assertThat(dialler.reset).hasMessageContaining("has ended");
    }

    @Test
    void itsTimeoutGoesOn() {
        boot(spec().timeout(Duration.ofMinutes(1)).build(), supervision(RecoveryPolicy.giveUp()));
        passive();
        until(() -> vm.ended().toCompletableFuture().isDone());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.TIMED_OUT);
        assertNothingIsLeft();
    }

    @Test
    void oneThatIsStoppedWhileItIsSavedEndsWithThat() {
        boot();
        FakeMachine.Asked save = save();
        CommandTicket command = run();
        supervisor.tell(new VmSupervisor.Stop());
        saved(save, REPORT);
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertThat(events).noneMatch(VmEvent.Passivated.class::isInstance);
        assertThat(events).noneMatch(VmEvent.Saved.class::isInstance);
        assertNothingIsLeft();
    }

    @Test
    void oneThatIsStoppedWhileItIsWokenEnds() {
        boot();
        passive();
        CommandTicket command = run();
        FakeMachine woken = machines.next();
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(woken.isClosed()).isTrue();
        assertThat(Await.failure(command.outcome())).isInstanceOf(VmLostException.class);
        assertNothingIsLeft();
    }

    @Test
    void aRestartBootsItAnew() {
        boot();
        passive();
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Restart(reply));
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).isEmpty();
        machine = begun.machine();
        agent = FakeAgent.boot(machine);
        Await.value(reply);
        assertThat(machines.discarded).containsExactly(REPORT.snapshot());
        assertThat(events).noneMatch(VmEvent.Woken.class::isInstance);
        CommandTicket command = run();
        runs(command);
    }

    @Test
    void aRestartWhileItIsSavedBootsItAnew() {
        boot(spec().build(), supervision(restart()));
        FakeMachine.Asked save = save();
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Restart(reply));
        saved(save, REPORT);
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).isEmpty();
        FakeAgent.boot(begun.machine());
        Await.value(reply);
        Await.until("given up", () -> machines.discarded.contains(REPORT.snapshot()));
    }

    // ---- restores that fail

    private void restoreFails() {
        restoring();
        agent.hear(FakeAgent.RESTORE);
        agent.say(new AgentFrame.Error(AgentFrame.Error.RESTORE_FAILED, 1, "cannot set the clock"));
    }

    @Test
    void aRestoreThatFailsIsTriedAgainAndThenItBoots() {
        RecoveryPolicy ladder =
                RecoveryPolicy.of(settings("vmette.recovery { mode = permanent, backoff { min = 1ms, max = 1ms } }")
                        .recovery());
        boot(spec().build(), supervision(ladder));
        passive();
        CommandTicket command = run();
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        restoreFails();
        until(machines::hasBegun);
        restoreFails();
        until(machines::hasBegun);
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).isEmpty();
        machine = begun.machine();
        agent = FakeAgent.boot(machine);
        runs(command);
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        Await.value(sign);
        assertThat(machines.discarded).containsExactly(REPORT.snapshot());
        assertThat(events)
                .filteredOn(VmEvent.Failed.class::isInstance)
                .hasSize(2)
                .allMatch(event -> ((VmEvent.Failed) event).failure().cause() instanceof VmFailure.RestoreFailed);
        assertThat(events).noneMatch(VmEvent.Woken.class::isInstance);
    }

    @Test
    void byATemporaryVmsPolicyItIsGivenUp() {
        boot();
        passive();
        CommandTicket command = run();
        restoreFails();
        assertThat(failure().cause()).isInstanceOf(VmFailure.RestoreFailed.class);
        assertThat(Await.failure(command.outcome())).isInstanceOf(RestoreFailedException.class);
        assertNothingIsLeft();
    }

    // ---- admission

    @Test
    void itIsNotRefusedWhenItsMemoryIsSomebodyElsesButWaits() {
        boot();
        passive();
        VmAdmission other = control.vm("other", "", 900, WhenFull.FAIL);
        CompletionStage<Void> entered = other.enter();
        assertThat(entered).isCompleted();
        other.settled();
        CommandTicket command = run();
        Await.until("waits", () -> !control.status().waiting().isEmpty());
        assertThat(control.status().waiting().get(0).again()).isTrue();
        assertThat(control.status().waiting().get(0).forMemory()).isTrue();
        assertThat(machines.hasBegun()).isFalse();
        other.end();
        comesBack();
        runs(command);
    }

    // ---- groups

    @Test
    void itsGroupCanHoldItAndHaveItBegin() {
        List<MemberReport> reports = new CopyOnWriteArrayList<>();
        boot(spec().build(), supervision(restart()).withGroup(new GroupLink(1, reports::add)));
        passive();
        supervisor.tell(new VmSupervisor.Hold(2, new VmFailure.GroupRestart("app", "VM db broke")));
        Await.until("held", () -> reports.contains(new MemberReport.Held(2)));
        assertNothingIsLeftButTheVm();
        supervisor.tell(new VmSupervisor.Go(3));
        FakeMachineFactory.Begun begun = machines.nextBegun();
        assertThat(begun.snapshot()).isEmpty();
        FakeAgent.boot(begun.machine());
        Await.until("up", () -> reports.contains(new MemberReport.CameUp(3, 2)));
    }

    private void assertNothingIsLeftButTheVm() {
        assertThat(machines.discarded).containsExactly(REPORT.snapshot());
        assertThat(machines.hasBegun()).isFalse();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void whatTheGuestAsksForAnewIsAUseOfIt() {
        boot();
        machine.vsock.counts(() -> new VsockCounts(1, 0, 0));
        List<Object> asked = new CopyOnWriteArrayList<>();
        vm.vsock().listen(6000, 5, asked::add);
        for (int i = 0; i < 4; i++) {
            staysUpFor(IDLE.minus(STEP.multipliedBy(2)));
            FakeVsockHost.Request request = machine.vsock.request(6000);
            request.reject();
        }
        assertThat(asked).hasSize(4);
        save();
    }
}
