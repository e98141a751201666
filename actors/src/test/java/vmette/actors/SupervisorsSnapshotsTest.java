package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.machine.GoldenLook;
import vmette.machine.SaveReport;
import vmette.machine.VmShelf;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.Snapshot;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** Golden snapshots and checkpoints: what a supervisor saves by itself. */
class SupervisorsSnapshotsTest extends VmSaveFixture {
    private static VmSpec spec(SnapshotSpec snapshots) {
        return VmSpec.builder().snapshots(snapshots).build();
    }

    /** A VM with a warm-up, whose golden snapshot is to be named golden-1. */
    private VmShelf launchGolden() {
        VmShelf shelf = new VmShelf(machines, VmSpec.builder().build(), Optional.of("golden-1"), 3, foreign -> {});
        machines.makesAtOnce = false;
        launch(
                spec(SnapshotSpec.builder().golden(true).warmUp("prepare").build()),
                Supervision.by(RecoveryPolicy.giveUp(), shelf));
        return shelf;
    }

    /** The shelf wants a golden snapshot: nobody is let in before it is there. */
    @Test
    void aGoldenSnapshotIsTakenAfterTheWarmUpAndBeforeAnythingElse() {
        VmShelf shelf = launchGolden();
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
        VmShelf shelf = launchGolden();
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
        VmShelf shelf = launchGolden();
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
        VmShelf shelf = launchGolden();
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
}
