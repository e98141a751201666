package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.errors.CommandDetachedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmLostException;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.GuestProtocol;
import vmette.machine.SaveReport;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** A VM that is saved: what its guest and its callers see of it. */
class VmSaveTest extends VmSaveFixture {
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
        FakeMachine.Asked save = unplugged();
        save.answer().complete(REPORT);
        machine.vsock.nextDial();
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(5));
        assertThat(failure().cause()).isInstanceOf(VmFailure.AgentLost.class);
        assertThat(failure().cause().text()).contains("after a save");
    }
}
