package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.GuestSignal;
import vmette.config.HealthCheck;
import vmette.config.VmSpec;
import vmette.errors.CommandDetachedException;
import vmette.errors.SaveFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmSavedException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.Token;
import vmette.machine.SaveReport;
import vmette.stream.Await;

/** What becomes of commands and of what is said to them when their VM is saved. */
class SavedCommandsTest extends VmSaveFixture {
    @Test
    void anAttachmentEndsAndTheCommandCanBeAttachedToAgain() {
        boot();
        DetachedTicket command = DetachedTicket.create(900, ExecSpec.of("serve").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(command));
        agent.hear(FakeAgent.EXEC);
        agent.say(new AgentFrame.Started(900, 5));
        Attachment first = command.attach(StreamId.STDOUT, 0);
        agent.hear(FakeAgent.ATTACH);
        savedOnce();
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

    private CommandTicket running() {
        return running(ExecSpec.of("true"));
    }

    private CommandTicket running(ExecSpec spec) {
        CommandTicket command = run(spec);
        long id = agent.hear(FakeAgent.EXEC).u64();
        agent.say(new AgentFrame.Started(id, 77));
        Await.value(command.running());
        return command;
    }

    private static void tell(CommandTicket command, GuestSignal signal) {
        Await.value(command.running()).actor().tell(new Execution.Signal(signal, true));
    }

    private void heardSignal(CommandTicket command, int number) {
        FakeAgent.Body signal = agent.hear(FakeAgent.SIGNAL);
        assertThat(signal.u64()).isEqualTo(command.id());
        assertThat(signal.u32()).isEqualTo(number);
    }

    @Test
    void whatIsBeingEndedIsKilledAfterTheSaveIfItStillRuns() {
        boot();
        CommandTicket command = running();
        command.terminate();
        heardSignal(command, 15);
        FakeMachine.Asked save = unplugged();
        assertThat(Await.failure(command.outcome())).isInstanceOf(CommandDetachedException.class);
        save.answer().complete(REPORT);
        comesBack(new AgentFrame.Started(command.id(), 77));
        // Whoever attaches to it does what its failure says, and it is being ended no less.
        agent.say(new AgentFrame.Attached(
                command.id(), StreamId.STDOUT, Token.random(), AttachmentState.ATTACHED, 0, 0, 256 << 10));
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        heardSignal(command, 9);
    }

    @Test
    void theGraceOfWhatIsBeingEndedMayPassDuringTheSave() {
        boot();
        CommandTicket command = running();
        command.terminate();
        heardSignal(command, 15);
        FakeMachine.Asked save = unplugged();
        assertThat(Await.failure(command.outcome())).isInstanceOf(CommandDetachedException.class);
        time.timePasses(settings.exec().killGrace());
        save.answer().complete(REPORT);
        comesBack(new AgentFrame.Started(command.id(), 77));
        heardSignal(command, 9);
    }

    @Test
    void whatHasEndedIsNotKilled() {
        boot();
        CommandTicket command = running();
        command.terminate();
        heardSignal(command, 15);
        FakeMachine.Asked save = unplugged();
        save.answer().complete(REPORT);
        comesBack(
                new AgentFrame.Started(command.id(), 77),
                new AgentFrame.Exited(command.id(), AgentFrame.ExitKind.SIGNALLED, 15));
        time.timePasses(settings.exec().killGrace());
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
    }

    @Test
    void aCommandHearsAfterTheSaveWhatItWasToHearDuringIt() {
        boot();
        CommandTicket command = running();
        save(false);
        FakeMachine.Asked save = asked();
        tell(command, GuestSignal.HUP);
        machine.vsock.unplug();
        save.answer().complete(REPORT);
        comesBack(new AgentFrame.Started(command.id(), 77));
        heardSignal(command, 1);

        CommandTicket other = running();
        CompletionStage<SaveReport> failing = save(false);
        save = asked();
        tell(other, GuestSignal.INT);
        save.answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(failing)).hasMessage("no room");
        heardSignal(other, 2);
    }

    /** All its streams end with the save, and whoever ends it for that, ends what is to go on. */
    @Test
    void whatIsToBeEndedDuringASaveGoesOnIfItIsDetached() {
        boot();
        CommandTicket command = running();
        save(false);
        FakeMachine.Asked save = asked();
        command.terminate();
        machine.vsock.unplug();
        assertThat(Await.failure(command.outcome())).isInstanceOf(CommandDetachedException.class);
        save.answer().complete(REPORT);
        comesBack(new AgentFrame.Started(command.id(), 77));
        time.timePasses(settings.exec().killGrace());
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
    }

    @Test
    void whatIsToBeEndedDuringASaveThatFailsIsEndedAfterIt() {
        boot();
        CommandTicket command =
                running(ExecSpec.of("true").withoutStdin().discardStdout().discardStderr());
        CompletionStage<SaveReport> failing = save(false);
        FakeMachine.Asked save = asked();
        command.terminate();
        save.answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(failing)).hasMessage("no room");
        heardSignal(command, 15);
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        heardSignal(command, 9);
    }

    /** Later it would throw away what is kept of a command that is detached by then. */
    @Test
    void anOutputThatNobodyWantedIsDiscardedAtOnce() {
        boot();
        running();
        save(false);
        asked();
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        agent.hear(FakeAgent.DISCARD);
    }

    /** The guest may stand still for the greater part of it. */
    @Test
    void theTimeOfASaveIsNotTheTimeOfAStart() {
        boot();
        CommandTicket command = run();
        agent.hear(FakeAgent.EXEC);
        DetachedTicket detached = DetachedTicket.create(906, ExecSpec.of("slow").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(detached));
        agent.hear(FakeAgent.EXEC);
        CompletionStage<SaveReport> failing = save(false);
        FakeMachine.Asked save = asked();
        time.timePasses(Duration.ofSeconds(70));
        save.answer().completeExceptionally(new SaveFailedException("no room", null));
        assertThat(agent.awaitsFailure(failing)).hasMessage("no room");
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
        time.timePasses(Duration.ofSeconds(50));
        agent.say(new AgentFrame.Started(command.id(), 5), new AgentFrame.Started(detached.id(), 6));
        assertThat(Await.value(command.running()).pid()).isEqualTo(5);
        assertThat(Await.value(detached.started())).isEqualTo(6);
    }

    /** What the agent announced on a former link is of no account on the next, where it says again what there is. */
    @Test
    void whatIsNotAnnouncedAgainIsThereNoLonger() {
        boot();
        CommandTicket command = running();
        savedOnce(new AgentFrame.Started(command.id(), 77));
        agent.awaits(vm.ready());
        savedOnce();
        CompletableFuture<DetachedTicket> found = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Find(command.id(), found));
        assertThat(agent.awaitsFailure(found)).hasMessageContaining("no detached command " + command.id());
    }

    /** What is sent in the moment in which the guest lets go of its device is lost. */
    @Test
    void aDetachedCommandOfWhichTheAgentDoesNotSpeakIsStartedAgain() {
        boot();
        DetachedTicket lost = DetachedTicket.create(904, ExecSpec.of("lost").detached(ExecSpec.WhenFull.BLOCK));
        DetachedTicket received = DetachedTicket.create(905, ExecSpec.of("got").detached(ExecSpec.WhenFull.BLOCK));
        supervisor.tell(new VmRequest.Run(lost));
        supervisor.tell(new VmRequest.Run(received));
        agent.hear(FakeAgent.EXEC);
        agent.hear(FakeAgent.EXEC);
        savedOnce(new AgentFrame.Started(received.id(), 7));
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(lost.id());
        agent.say(new AgentFrame.Started(lost.id(), 8));
        assertThat(Await.value(lost.started())).isEqualTo(8);
        assertThat(Await.value(received.started())).isEqualTo(7);
        savedOnce(new AgentFrame.Started(lost.id(), 8), new AgentFrame.Started(received.id(), 7));
        CommandTicket next = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(next.id());
    }

    /** The save has overtaken its start, which proves to be impossible only then. */
    @Test
    void whatCannotBeStartedAfterASaveIsTold() {
        boot();
        CommandTicket before = run(ExecSpec.of("one"));
        CommandTicket after = run(ExecSpec.of("other"));
        agent.hear(FakeAgent.EXEC);
        agent.hear(FakeAgent.EXEC);
        FakeMachine.Asked save = unplugged();
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
        savedOnce();
        agent.say(new AgentFrame.Started(check, 9));
        assertThat(agent.hear(FakeAgent.RELEASE).u64()).isEqualTo(check);
        advanceUntil(agent::hasMore, Duration.ofMillis(250));
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isGreaterThan(check);
    }
}
