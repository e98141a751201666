package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.guest.protocol.AgentFrame;
import vmette.recovery.Decision;
import vmette.recovery.Failure;
import vmette.recovery.FailureKind;
import vmette.recovery.RecoveryHistory;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

class VmRestartTest extends VmFixture {
    private static final int PORT = 6000;

    private void crash(FakeMachine machine) {
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
    }

    @Test
    void theNextIncarnationBeginsWhenNothingOfTheFormerIsLeft() {
        launch(VmSpec.builder().build(), restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        Await.value(vm.ready());
        first.closesAtOnce = false;
        crash(first);
        Await.value(first.closeAsked());
        assertThat(Await.failure(run().outcome())).isNotNull();
        assertThat(machines.hasBegun()).isFalse();
        first.finishClose();

        FakeMachine second = machines.next();
        FakeAgent agent = FakeAgent.boot(second);
        CommandTicket command = run();
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(command.id());
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
    }

    @Test
    void bindsAreInForceBeforeEachIncarnationsFirstInstruction() {
        machines.makesAtOnce = false;
        launch(VmSpec.builder().build(), restart());
        List<String> requests = new CopyOnWriteArrayList<>();
        vm.vsock().listen(PORT, 1, request -> requests.add("request"));
        FakeMachineFactory.Begun first = machines.nextBegun();
        first.make();
        assertThat(first.machine().vsock.isBound(PORT)).isTrue();
        crash(first.machine());

        FakeMachineFactory.Begun second = machines.nextBegun();
        assertThat(second.machine().vsock.isBound(PORT)).isFalse();
        second.make();
        assertThat(second.machine().vsock.isBound(PORT)).isTrue();
        second.machine().vsock.request(PORT);
        assertThat(requests).hasSize(1);
    }

    /** The former instance's last breath must not take the new incarnation's vsock away. */
    @Test
    void theNewIncarnationCanBeDialledHoweverSlowlyTheFormerOneStops() {
        launch(VmSpec.builder().build(), restart());
        FakeMachine former = machines.next();
        for (int i = 0; i < 50; i++) {
            crash(former);
            FakeMachine next = machines.next();
            Await.value(former.closedAgain());
            FakeAgent.answer(next);
            vm.vsock().connect(PORT, settings.vsock().connectTimeout(), new IgnoringHandler());
            assertThat(next.vsock.nextDial().port()).isEqualTo(PORT);
            former = next;
        }
    }

    @Test
    void aCrashedIncarnationIsReplacedAndItsCommandsAreNot() {
        launch(VmSpec.builder().build(), restart());
        FakeMachine first = machines.next();
        first.closesAtOnce = false;
        first.capabilities = () -> {
            throw new IllegalStateException("bug");
        };
        CommandTicket waiting = run();
        FakeAgent.boot(first);
        Await.value(first.closeAsked());
        assertThat(machines.hasBegun()).isFalse();
        first.finishClose();
        FakeAgent agent = FakeAgent.boot(machines.next());
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(waiting.id());
    }

    @Test
    void thePolicySeesTheHistory() {
        List<RecoveryHistory> seen = new CopyOnWriteArrayList<>();
        launch(VmSpec.builder().build(), (failure, past, snapshots, random) -> {
            seen.add(past);
            return past.total() < 2
                    ? new Decision.RestartCold(Duration.ZERO, List.of())
                    : new Decision.GiveUp("it is enough", List.of());
        });
        for (int i = 0; i < 3; i++) {
            crash(machines.next());
        }
        assertThat(failure().incarnation()).isEqualTo(3);
        assertThat(failure().next()).contains(new Decision.GiveUp("it is enough", List.of()));
        assertThat(seen).extracting(RecoveryHistory::total).containsExactly(0L, 1L, 2L);
        assertThat(seen.get(2).recent()).extracting(Failure::kind).containsOnly(FailureKind.VMM_EXIT);
    }

    @Test
    void aPolicyThatThrowsGivesTheVmUp() {
        launch(VmSpec.builder().build(), (failure, past, snapshots, random) -> {
            throw new IllegalStateException("bug");
        });
        crash(machines.next());
        assertThat(failure().next().orElseThrow().text()).contains("its recovery policy failed", "bug");
    }

    @Test
    void aDelayThatAnOrderHasCutShortDoesNotEndTheNextOne() {
        BlockingQueue<VmEvent> failures = new LinkedBlockingQueue<>();
        launch(
                VmSpec.builder().build(),
                Supervision.by((failure, past, snapshots, random) ->
                                new Decision.RestartCold(Duration.ofSeconds(past.total() == 0 ? 10 : 60), List.of()))
                        .withEvents(event -> {
                            if (event instanceof VmEvent.Failed) {
                                failures.add(event);
                            }
                        }));
        crash(machines.next());
        Await.next(failures, "first failure");
        supervisor.tell(new VmSupervisor.Restart());
        crash(machines.next());
        Await.next(failures, "second failure");
        assertRecovers();

        time.timePasses(Duration.ofSeconds(10));
        assertRecovers();
        assertThat(machines.hasBegun()).isFalse();
        time.timePasses(Duration.ofSeconds(50));
        machines.next();
    }

    /** Once it has dealt with all that it was told before. */
    private void assertRecovers() {
        CompletableFuture<AgentFrame.Pong> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Ping(reply));
        assertThat(Await.failure(reply)).hasMessageContaining("is not running");
    }

    @Test
    void aVmThatIsBeingStoppedIsNotRestarted() {
        launch(VmSpec.builder().build(), restart());
        FakeMachine machine = machines.next();
        FakeAgent agent = FakeAgent.boot(machine);
        Await.value(vm.ready());
        supervisor.tell(new VmSupervisor.Stop());
        agent.hear(FakeAgent.SHUTDOWN);
        crash(machine);
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(machines.hasBegun()).isFalse();
    }

    /** A VM that lives long has had many. */
    @Test
    void nothingKeepsTheMachineOfAFormerIncarnation() {
        WeakReference<FakeMachine> former = new WeakReference<>(launchAndCrash());
        FakeAgent.boot(machines.next());
        Await.until("the former machine is garbage", () -> {
            System.gc();
            return former.get() == null;
        });
    }

    private FakeMachine launchAndCrash() {
        FakeMachine machine = new FakeMachine();
        vm = ticket(NAME, VmSpec.builder().build());
        supervisor = kit.spawn(VmSupervisor.create(
                vm,
                settings,
                machines,
                Supervision.by(restart()),
                Optional.of(CompletableFuture.completedStage(machine))));
        FakeAgent.boot(machine);
        Await.value(vm.ready());
        machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
        return machine;
    }
}
