package vmette.actors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.HealthCheck;
import vmette.config.RestartMode;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.config.fleet.Service;
import vmette.errors.CommandDetachedException;
import vmette.errors.SaveFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmSavedException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.Token;
import vmette.log.LogRing;
import vmette.machine.GoldenLook;
import vmette.machine.GuestSetup;
import vmette.machine.SaveReport;
import vmette.machine.VmShelf;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Snapshot;
import vmette.rootfs.ImageDefaults;
import vmette.stream.Await;
import vmette.stream.FakeChannel;
import vmette.vmm.VmmExit;

/** A VM that is saved: what its guest, its commands and its callers see of it. */
class VmSaveTest extends VmFixture {
    private static final SaveReport REPORT = new SaveReport("s1", Duration.ofMillis(120), 90 << 20);
    private static final InstanceId INSTANCE = InstanceId.random();

    private final BlockingQueue<VmEvent> events = new LinkedBlockingQueue<>();
    private final LogRing log = new LogRing(1000);
    private FakeMachine machine;
    private FakeAgent agent;

    private void boot() {
        boot(VmSpec.builder().build());
    }

    private void boot(VmSpec spec) {
        boot(spec, Supervision.by(RecoveryPolicy.giveUp()));
    }

    private void boot(VmSpec spec, Supervision supervision) {
        machines.makesAtOnce = false;
        launch(spec, supervision.withEvents(events::add));
        up();
    }

    private void up() {
        start();
        Await.value(vm.ready());
    }

    private void start() {
        FakeMachineFactory.Begun begun = machines.nextBegun();
        machine = begun.machine();
        machine.setup = new GuestSetup(List.of(new HostFrame.Instance(INSTANCE)), ImageDefaults.NONE);
        begun.make();
        machine.started.complete(null);
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        agent.hear(FakeAgent.INSTANCE);
        agent.hear(FakeAgent.BOOT);
        agent.say(FakeAgent.GREETING);
        agent.say(FakeAgent.READY);
    }

    private CompletionStage<SaveReport> save(boolean thenEnd) {
        CompletableFuture<SaveReport> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Save("s1", thenEnd, reply));
        return reply;
    }

    private FakeMachine.Asked asked() {
        return Await.next(machine.saves, "save");
    }

    /** The agent is dialled again, says what it has to say, and renews itself. */
    private void comesBack(AgentFrame... news) {
        agent = FakeAgent.answer(machine);
        agent.hear(FakeAgent.HELLO);
        FakeAgent.Body restore = agent.hear(FakeAgent.RESTORE);
        restore.u64();
        restore.bytes(Entropy.BYTES);
        assertThat(InstanceId.of(restore.bytes(InstanceId.BYTES))).isEqualTo(INSTANCE);
        agent.say(FakeAgent.GREETING);
        if (news.length > 0) {
            agent.say(news);
        }
        agent.isRestored(RenewalTest.restored(INSTANCE, Duration.ofMillis(130)));
    }

    @Test
    void itGoesOnAndItsCommandsDetached() {
        boot();
        CommandTicket running = run();
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        Await.value(running.running());
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        assertThat(save.snapshot()).isEqualTo("s1");
        assertThat(save.thenEnd()).isFalse();
        CommandTicket meanwhile = run(ExecSpec.of("later"));
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));

        machine.vsock.unplug();
        Throwable why = Await.failure(running.outcome());
        assertThat(why).isInstanceOf(CommandDetachedException.class).hasMessageContaining("goes on");
        assertThat(((CommandDetachedException) why).execution()).isEqualTo(id);
        assertThat(machine.vsock.hasDial()).isFalse();
        save.answer().complete(REPORT);
        comesBack();
        agent.say(new AgentFrame.Started(id, 77));

        assertThat(agent.awaits(reply)).isEqualTo(REPORT);
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(meanwhile.id());
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        assertThat(Await.value(sign).uptime()).isEqualTo(Duration.ofSeconds(3));
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Find(id, found));
        assertThat(Await.value(Await.value(found).started())).isEqualTo(77);
        assertThat(events)
                .anyMatch(event -> event instanceof VmEvent.Saved saved
                        && saved.report().equals(REPORT)
                        && saved.incarnation() == 1);
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void aSaveThatFailsAtOnceLeavesAllAsItWas() {
        boot();
        CommandTicket running = run();
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        CompletionStage<SaveReport> reply = save(false);
        asked().answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(Await.failure(reply)).isInstanceOf(SaveFailedException.class).hasMessage("no room");
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 3));
        assertThat(machine.vsock.hasDial()).isFalse();
        assertThat(running.outcome().toCompletableFuture().isCompletedExceptionally())
                .isFalse();
        assertThat(events).noneMatch(VmEvent.Saved.class::isInstance);
    }

    @Test
    void aSaveThatFailsLateLeavesTheVmUsable() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().completeExceptionally(new SaveFailedException("disk full", null));
        comesBack();
        assertThat(agent.awaitsFailure(reply)).hasMessage("disk full");
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
    }

    /** The unplug's deadline passed, the save was given up, and then the guest let go of the device all the same. */
    @Test
    void aDeviceThatGoesLateIsNoFailure() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        asked().answer().completeExceptionally(new SaveFailedException("it did not let go", null));
        assertThat(Await.failure(reply)).hasMessage("it did not let go");
        machine.vsock.unplug();
        comesBack();
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void aVmThatEndsWithItsSaveHasBeenStopped() {
        boot();
        CompletionStage<SaveReport> reply = save(true);
        FakeMachine.Asked save = asked();
        assertThat(save.thenEnd()).isTrue();
        machine.vsock.unplug();
        machine.exit(VmmExit.Reason.REQUESTED, 0, "told to quit");
        save.answer().complete(REPORT);
        assertThat(Await.value(reply)).isEqualTo(REPORT);
        VmEnd end = Await.value(vm.ended());
        assertThat(end.how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(end.failure()).isEmpty();
    }

    @Test
    void aMonitorThatDiesInTheMiddleIsAFailure() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        asked();
        machine.exit(VmmExit.Reason.CRASHED, 139, "SIGSEGV");
        assertThat(failure().cause()).isInstanceOf(VmFailure.MonitorExited.class);
        assertThat(Await.failure(reply)).isInstanceOf(VmLostException.class);
    }

    @Test
    void oneThatWasToEndAndWhoseSaveFailsWithItsMonitorIsAFailure() {
        boot();
        save(true);
        FakeMachine.Asked save = asked();
        machine.exit(VmmExit.Reason.CRASHED, 139, "SIGSEGV");
        save.answer().completeExceptionally(new VmLostException("gone"));
        assertThat(failure().cause()).isInstanceOf(VmFailure.MonitorExited.class);
    }

    @Test
    void aStopWaitsForTheSave() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        supervisor.tell(new VmSupervisor.Stop());
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        assertThat(agent.awaits(reply)).isEqualTo(REPORT);
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    /** What is large is written for long, and the guest has gone on before. */
    @Test
    void itIsUsedWhileTheRestIsWritten() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        CommandTicket meanwhile = run(ExecSpec.of("meanwhile"));
        machine.vsock.unplug();
        save.goesOn().run();
        comesBack();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(meanwhile.id());
        assertThat(reply.toCompletableFuture()).isNotDone();
        CompletionStage<SaveReport> another = save(false);
        save.answer().complete(REPORT);
        assertThat(agent.awaits(reply)).isEqualTo(REPORT);
        Await.until("the save to be told", () -> events.stream().anyMatch(VmEvent.Saved.class::isInstance));

        asked().answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(another)).hasMessage("no room");
    }

    @Test
    void whatCannotBeWrittenIsTheSavesFailureAlone() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.goesOn().run();
        comesBack();
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
        save.answer().completeExceptionally(new SaveFailedException("disk full", null));
        assertThat(agent.awaitsFailure(reply)).hasMessage("disk full");
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void aStopWaitsForWhatIsStillWritten() {
        boot();
        CompletionStage<SaveReport> reply = save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.goesOn().run();
        comesBack();
        supervisor.tell(new VmSupervisor.Stop());
        Await.failure(run().outcome());
        // It has been told, and what the agent says after that is answered as ever.
        agent.say(new AgentFrame.Started(ExecutionIds.HEALTH + 1, 9));
        agent.hear(FakeAgent.RELEASE);
        save.answer().complete(REPORT);
        assertThat(agent.awaits(reply)).isEqualTo(REPORT);
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    @Test
    void oneSaveAfterTheOther() {
        boot();
        CompletionStage<SaveReport> first = save(false);
        FakeMachine.Asked save = asked();
        CompletionStage<SaveReport> second = save(false);
        machine.vsock.unplug();
        save.goesOn().run();
        comesBack();
        CompletionStage<SaveReport> third = save(false);
        save.answer().complete(REPORT);
        assertThat(agent.awaits(first)).isEqualTo(REPORT);

        // Which of them comes first is nobody's promise.
        asked().answer().completeExceptionally(new SaveFailedException("no room", null));
        asked().answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(second)).hasMessage("no room");
        assertThat(agent.awaitsFailure(third)).hasMessage("no room");
    }

    @Test
    void aSaveThatWaitsIsLostWithTheVm() {
        boot();
        CompletionStage<SaveReport> last = save(true);
        FakeMachine.Asked save = asked();
        CompletionStage<SaveReport> late = save(false);
        save.answer().complete(REPORT);
        assertThat(agent.awaits(last)).isEqualTo(REPORT);
        assertThat(Await.failure(late)).isInstanceOf(VmLostException.class);
    }

    @Test
    void onlySoManyWaitForASave() {
        boot();
        save(false);
        asked();
        for (int i = 0; i < Saving.MOST_WAITING; i++) {
            save(false);
        }
        assertThat(Await.failure(save(false)))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("under way")
                .hasMessageContaining("ask again later");
    }

    /** What it answered after the last save must not pass for the end of this one: its caller would wait for ever. */
    @Test
    void anAgentThatSaysUnaskedThatItWasRestoredIsAFailure() {
        boot();
        CompletionStage<SaveReport> first = save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        agent.awaits(first);
        CompletionStage<SaveReport> second = save(false);
        asked();
        AgentFrame.Restored once = RenewalTest.restored(INSTANCE, Duration.ofMillis(130));
        agent.say(Collections.nCopies(Renewal.MOST_ATTEMPTS, once).toArray(AgentFrame[]::new));
        assertThat(failure().cause().text()).contains("was not asked to");
        assertThat(agent.awaitsFailure(second)).isInstanceOf(VmLostException.class);
    }

    /** For each frame of 17 bytes one is sent that it need not read. */
    @Test
    void anAgentThatMakesUpHealthChecksIsNotAnsweredForEver() {
        boot();
        int madeUp = 10 * GuestProtocol.MAX_EXECUTIONS;
        for (int i = 0; i < madeUp; i++) {
            agent.say(new AgentFrame.Started(ExecutionIds.HEALTH + i, 9));
        }
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        for (int i = 0; i < GuestProtocol.MAX_EXECUTIONS; i++) {
            agent.hear(FakeAgent.RELEASE);
        }
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        Await.value(sign);
    }

    @Test
    void anAgentThatDoesNotAnswerAgainIsAFailure() {
        boot();
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        machine.vsock.nextDial();
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(5));
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().cause().text()).contains("after a save");
    }

    @Test
    void anAttachmentEndsAndTheCommandCanBeAttachedToAgain() {
        boot();
        DetachedTicket command = DetachedTicket.create(900, ExecSpec.of("serve").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(command));
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(900, 5));
        Attachment first = command.attach(StreamId.STDOUT, 0);
        agent.hear(FakeAgent.ATTACH);
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        assertThat(agent.awaitsFailure(first.granted())).isInstanceOf(VmSavedException.class);
        command.attach(StreamId.STDOUT, 17);
        FakeAgent.Body again = agent.hear(FakeAgent.ATTACH);
        assertThat(again.u64()).isEqualTo(900);
        assertThat(again.u8()).isEqualTo(StreamId.STDOUT.wire());
        again.bytes(Token.BYTES);
        assertThat(again.u64()).isEqualTo(17);
    }

    private DetachedTicket detached(long id) {
        DetachedTicket command = DetachedTicket.create(id, ExecSpec.of("serve").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(command));
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(id);
        agent.say(new AgentFrame.Started(id, 5));
        Await.value(command.started());
        return command;
    }

    @Test
    void aSignalWaitsForTheEndOfTheSave() {
        boot();
        DetachedTicket command = detached(901);
        save(false);
        FakeMachine.Asked save = asked();
        command.signal(15, true);
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack(new AgentFrame.Started(901, 5));
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(901);
        assertThat(signal.u32()).isEqualTo(15);

        CompletionStage<SaveReport> failing = save(false);
        save = asked();
        command.signal(2, true);
        save.answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(failing)).hasMessage("no room");
        assertThat(agent.hear(FakeAgent.SIGNAL).skip(8).u32()).isEqualTo(2);
    }

    @Test
    void oneThatIsReleasedWhileTheVmIsSavedIsLetGoOfByItsGuest() {
        boot();
        AgentFrame.Exited exited = new AgentFrame.Exited(902, AgentFrame.ExitKind.EXITED, 0);
        DetachedTicket ended = detached(902);
        agent.say(exited);
        Await.value(ended.outcome());
        DetachedTicket runs = detached(903);
        save(false);
        FakeMachine.Asked save = asked();
        ended.release();
        runs.release();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        // What ends meanwhile is let go of no less.
        comesBack(
                new AgentFrame.Started(902, 5),
                exited,
                new AgentFrame.Started(903, 5),
                new AgentFrame.Exited(903, AgentFrame.ExitKind.EXITED, 0));
        assertThat(List.of(
                        agent.hear(FakeAgent.RELEASE).u64(),
                        agent.hear(FakeAgent.RELEASE).u64()))
                .containsExactlyInAnyOrder(902L, 903L);
    }

    /** The save has overtaken its start, which proves to be impossible only then. */
    @Test
    void whatCannotBeStartedAfterASaveIsTold() {
        boot();
        CommandTicket before = run(ExecSpec.of("one"));
        CommandTicket after = run(ExecSpec.of("other"));
        agent.hear(FakeAgent.EXEC);
        agent.hear(FakeAgent.EXEC);
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        assertThat(Await.failure(before.outcome())).isInstanceOf(CommandDetachedException.class);
        assertThat(Await.failure(after.outcome())).isInstanceOf(CommandDetachedException.class);
        CompletableFuture<DetachedTicket> one = new CompletableFuture<>();
        CompletableFuture<DetachedTicket> other = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Find(before.id(), one));
        supervisor.tell(new VmRequest.Find(after.id(), other));
        save.answer().complete(REPORT);
        comesBack(
                new AgentFrame.Started(before.id(), 7),
                new AgentFrame.ExecFailed(before.id(), 2, "cannot run one"),
                new AgentFrame.Started(after.id(), 8));
        assertThat(agent.awaitsFailure(agent.awaits(one).outcome())).isInstanceOf(StartFailedException.class);
        DetachedTicket found = agent.awaits(other);
        assertThat(Await.value(found.started())).isEqualTo(8);
        agent.say(new AgentFrame.ExecFailed(after.id(), 2, "cannot run other"));
        assertThat(agent.awaitsFailure(found.outcome())).isInstanceOf(StartFailedException.class);
    }

    @Test
    void aHealthCheckThatWasUnderWayIsForgottenAndOthersFollow() {
        boot(VmSpec.builder()
                .health(HealthCheck.exec("true").withInterval(Duration.ofSeconds(1)))
                .build());
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        long check = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(check, 9));
        machine.vsock.nextDial().open();
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        agent.say(new AgentFrame.Started(check, 9));
        assertThat(agent.hear(FakeAgent.RELEASE).u64()).isEqualTo(check);
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isGreaterThan(check);
    }

    // ---- what its supervisor saves by itself

    private static VmSpec spec(SnapshotSpec snapshots) {
        return VmSpec.builder().snapshots(snapshots).build();
    }

    /** The shelf wants a golden snapshot: nobody is let in before it is there. */
    @Test
    void aGoldenSnapshotIsTakenAfterTheWarmUpAndBeforeAnythingElse() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden-1"), 3, foreign -> {});
        machines.makesAtOnce = false;
        launch(
                spec(SnapshotSpec.builder().golden(true).warmUp("prepare").build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        CommandTicket asked = run();
        start();
        FakeAgent.Body warmUp = agent.hear(FakeAgent.EXEC);
        long id = warmUp.u64();
        assertThat(id).isNotEqualTo(asked.id());
        agent.say(new AgentFrame.Started(id, 5), new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        FakeMachine.Asked save = asked();
        assertThat(save.snapshot()).isEqualTo("golden-1");
        machine.vsock.unplug();
        save.answer().complete(new SaveReport("golden-1", Duration.ofMillis(9), 1));
        assertThat(vm.ready().toCompletableFuture()).isNotDone();
        comesBack();
        agent.awaits(vm.ready());
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(asked.id());
        assertThat(shelf.atHand().golden())
                .hasValueSatisfying(golden -> assertThat(golden.id()).isEqualTo("golden-1"));
        assertThat(shelf.goldenToTake()).isEmpty();
    }

    @Test
    void oneFromBeforeIsLookedAtAndThenNotTakenAgain() {
        CompletableFuture<GoldenLook> look = new CompletableFuture<>();
        machines.look = look;
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden-1"), 3, foreign -> {});
        machines.makesAtOnce = false;
        launch(
                spec(SnapshotSpec.builder().golden(true).warmUp("prepare").build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        start();
        assertThat(vm.ready().toCompletableFuture()).isNotDone();
        Snapshot before = new Snapshot("golden-1", Instant.EPOCH, 0);
        look.complete(new GoldenLook(Optional.of(before), Optional.empty()));
        Await.value(vm.ready());
        assertThat(machine.saves).isEmpty();
        assertThat(shelf.atHand().golden()).contains(before);
    }

    /** Another VM of its template was faster. */
    @Test
    void oneThatCannotBeTakenMayBeThereByThen() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden-1"), 3, foreign -> {});
        machines.makesAtOnce = false;
        launch(
                spec(SnapshotSpec.builder().golden(true).warmUp("prepare").build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        start();
        long id = agent.hear(FakeAgent.EXEC).u64();
        Snapshot others = new Snapshot("golden-1", Instant.EPOCH, 0);
        machines.look = CompletableFuture.completedStage(new GoldenLook(Optional.of(others), Optional.empty()));
        agent.say(new AgentFrame.Started(id, 5), new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 7));
        Await.value(vm.ready());
        assertThat(shelf.atHand().golden()).contains(others);
    }

    @Test
    void aWarmUpThatFailsCostsTheGoldenSnapshotOnly() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden-1"), 3, foreign -> {});
        machines.makesAtOnce = false;
        launch(
                spec(SnapshotSpec.builder().golden(true).warmUp("prepare").build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        start();
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 5), new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 7));
        Await.value(vm.ready());
        assertThat(machine.saves).isEmpty();
        assertThat(shelf.atHand().golden()).isEmpty();
    }

    @Test
    void checkpointsAreTakenWhileNobodyUsesIt() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.empty(), 2, foreign -> {});
        boot(
                spec(SnapshotSpec.builder()
                        .checkpointInterval(Duration.ofMinutes(1))
                        .build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        CommandTicket running =
                run(ExecSpec.of("true").withoutStdin().discardStdout().discardStderr());
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 5));
        Await.value(running.running());
        time.timePasses(Duration.ofSeconds(61));
        CompletableFuture<AgentFrame.Pong> sign = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(sign));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        Await.value(sign);
        assertThat(machine.saves).isEmpty();
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        Await.value(running.outcome());
        for (int i = 0; i < 3; i++) {
            advanceUntil(() -> !machine.saves.isEmpty(), Duration.ofSeconds(5));
            FakeMachine.Asked save = asked();
            assertThat(save.snapshot()).isEmpty();
            machine.vsock.unplug();
            save.answer().complete(new SaveReport("/c" + i, Duration.ofMillis(9), 1));
            comesBack();
            String expected = "/c" + i;
            advanceUntil(
                    () -> !agent.hasMore()
                            && shelf.atHand().lastGood().stream()
                                    .anyMatch(each -> each.id().equals(expected)),
                    Duration.ofMillis(1));
        }
        assertThat(shelf.atHand().lastGood()).extracting(Snapshot::id).containsExactly("/c2", "/c1");
        assertThat(machines.discarded).containsExactly("/c0");
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        Await.value(vm.ended());
        assertThat(machines.discarded).containsExactlyInAnyOrder("/c0", "/c1", "/c2");
    }

    // ---- what the VM runs by itself

    private long service() {
        machines.makesAtOnce = false;
        vm = VmTicket.create(
                NAME,
                VmSpec.builder().build(),
                new VmVsock(NAME),
                Optional.of(50_123),
                Optional.of(new VmService(Service.shell("serve"), RestartMode.TRANSIENT)),
                log);
        supervisor = kit.spawn(
                VmSupervisor.create(vm, settings, machines, Supervision.by(RecoveryPolicy.giveUp()), Optional.empty()));
        up();
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        machine.vsock.nextDial().open().deliver("one\n".getBytes(UTF_8));
        return id;
    }

    private FakeChannel adopted(long id, long expectedFrom, long start) {
        agent.say(new AgentFrame.Started(id, 77));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        heardAttach(id, expectedFrom);
        agent.say(news(id, attachment, AttachmentState.ATTACHED, start));
        return opened();
    }

    private void heardAttach(long id, long expectedFrom) {
        FakeAgent.Body attach = agent.hear(FakeAgent.ATTACH);
        assertThat(attach.u64()).isEqualTo(id);
        attach.u8();
        attachment = Token.of(attach.bytes(Token.BYTES));
        assertThat(attach.u64()).isEqualTo(expectedFrom);
    }

    private static AgentFrame news(long id, Token token, AttachmentState state, long offset) {
        int ring = state == AttachmentState.ATTACHED ? 256 << 10 : 0;
        return new AgentFrame.Attached(id, StreamId.STDOUT, token, state, 0, offset, ring);
    }

    private FakeChannel opened() {
        FakeChannel output = machine.vsock.nextDial().open();
        output.read(4 + 8 + 1 + Token.BYTES);
        return output;
    }

    private Token attachment;

    @Test
    void theServiceGoesOnAndItsLogToo() {
        long id = service();
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        FakeChannel output = adopted(id, 4, 10);
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(14));
        // Once more: it has been adopted already.
        save(false);
        save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        output = adopted(id, 14, 14);
        output.deliver("three\n".getBytes(UTF_8));
        output.end();
        agent.say(new AgentFrame.Attached(id, StreamId.STDOUT, attachment, AttachmentState.ENDED, 0, 20, 0));
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        assertThat(agent.hearBoth(FakeAgent.RELEASE, FakeAgent.SHUTDOWN).u64()).isEqualTo(id);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
        assertThat(kept()).isEqualTo("""
                        one
                        --- 6 bytes are missing: they were on their way when the VM was saved
                        two
                        three
                        """);
    }

    /** That the save has ended its attachment is told over the new link: another is begun for that, and one more since the VM was saved. */
    @Test
    void ofTheAttachmentsToTheServicesOutputTheLatestCounts() {
        long id = service();
        savedOnce();
        FakeChannel output = adopted(id, 4, 4);
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(8));
        savedOnce(news(id, attachment, AttachmentState.BROKEN, 8));
        long ping = agent.hear(FakeAgent.PING).u64();
        heardAttach(id, 8);
        Token former = attachment;
        agent.say(news(id, former, AttachmentState.ATTACHED, 8));
        FakeChannel overtaken = opened();
        agent.say(new AgentFrame.Pong(ping, 1, Duration.ofSeconds(3)));
        heardAttach(id, 8);
        overtaken.deliver("three\n".getBytes(UTF_8));
        agent.say(
                news(id, former, AttachmentState.TAKEN_OVER, 14),
                news(id, attachment, AttachmentState.ATTACHED, 8),
                new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        output = opened();
        output.deliver("three\nfour\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(19));
        assertThat(agent.hasMore()).isFalse();
        output.end();
        agent.say(news(id, attachment, AttachmentState.ENDED, 19));
        isCompleted(id);
        assertThat(kept()).isEqualTo("one\ntwo\nthree\nfour\n");
    }

    @Test
    void whatAServiceThatHasEndedWroteLastIsDialledForAgain() {
        long id = service();
        savedOnce(new AgentFrame.Started(id, 77), new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        heardAttach(id, 4);
        agent.say(news(id, attachment, AttachmentState.ATTACHED, 4));
        machine.vsock.nextDial().refuse();
        FakeChannel output = opened();
        output.deliver("two\n".getBytes(UTF_8));
        assertThat(output.read(8)).isEqualTo(Openings.acknowledgement(8));
        output.end();
        agent.say(news(id, attachment, AttachmentState.ENDED, 8));
        isCompleted(id);
        assertThat(kept()).isEqualTo("one\ntwo\n");
    }

    private void savedOnce(AgentFrame... news) {
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack(news);
    }

    private void endsWell(long id) {
        agent.say(new AgentFrame.Exited(id, AgentFrame.ExitKind.EXITED, 0));
        isCompleted(id);
    }

    private void isCompleted(long id) {
        assertThat(agent.hearBoth(FakeAgent.RELEASE, FakeAgent.SHUTDOWN).u64()).isEqualTo(id);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.COMPLETED);
    }

    @Test
    void anAgentThatBeginsTheServicesOutputAgainIsNotReadOn() {
        long id = service();
        savedOnce();
        agent.say(new AgentFrame.Started(id, 77));
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        FakeAgent.Body attach = agent.hear(FakeAgent.ATTACH);
        attach.u64();
        attach.u8();
        Token token = Token.of(attach.bytes(Token.BYTES));
        agent.say(new AgentFrame.Attached(id, StreamId.STDOUT, token, AttachmentState.ATTACHED, 0, 0, 256 << 10));
        endsWell(id);
        assertThat(machine.vsock.hasDial()).isFalse();
        assertThat(kept())
                .isEqualTo("one\n--- no more of it is read, since the agent broke the guest protocol:"
                        + " it begins at byte 0 and was asked for from 4\n");
    }

    @Test
    void noServiceHasWrittenMoreThanCanBeCounted() {
        long id = service();
        savedOnce();
        FakeChannel output = adopted(id, 4, Long.MAX_VALUE - 3);
        output.deliver("more".getBytes(UTF_8));
        endsWell(id);
        assertThat(kept()).endsWith("broke the guest protocol: 4 bytes came at byte " + (Long.MAX_VALUE - 3) + "\n");
    }

    @Test
    void aServiceThatIsGoneAfterwardsIsAFailure() {
        service();
        save(false);
        FakeMachine.Asked save = asked();
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack();
        agent.say(new AgentFrame.Pong(agent.hear(FakeAgent.PING).u64(), 1, Duration.ofSeconds(3)));
        agent.hear(FakeAgent.SHUTDOWN);
        machine.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        assertThat(failure().cause().text()).contains("ended while its VM was saved");
    }

    private String kept() {
        return Await.value(log.log()
                        .last(Integer.MAX_VALUE)
                        .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), kit.system()))
                .utf8String();
    }
}
