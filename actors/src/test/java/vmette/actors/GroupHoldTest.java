package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.recovery.Decision;
import vmette.recovery.Failure;
import vmette.recovery.FailureKind;
import vmette.recovery.RecoveryHistory;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** A VM that belongs to a group goes on when its group says so. */
class GroupHoldTest extends VmFixture {
    private static final int PORT = 6000;
    private static final VmFailure.GroupRestart WHY = new VmFailure.GroupRestart("app", "VM db broke");

    private final BlockingQueue<MemberReport> told = new LinkedBlockingQueue<>();

    private void launchInGroup(RecoveryPolicy policy) {
        launch(VmSpec.builder().build(), Supervision.by(policy).withGroup(new GroupLink(1, told::add)));
    }

    private <T extends MemberReport> T next(Class<T> type) {
        MemberReport report = Await.next(told, type.getSimpleName());
        assertThat(report).isInstanceOf(type);
        return type.cast(report);
    }

    private static void crash(FakeMachine machine) {
        machine.exit(VmmExit.Reason.CRASHED, 1, "crashed");
    }

    /** Whatever was sent before has been worked off. */
    private void fence() {
        CompletableFuture<DetachedTicket> nothing = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Find(1, nothing));
        Await.failure(nothing);
    }

    @Test
    void aFailureIsToldAndRecoveredFromAfterGo() {
        launchInGroup(restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        next(MemberReport.CameUp.class);
        crash(first);
        MemberReport.Failed failed = next(MemberReport.Failed.class);
        assertThat(failed.order()).isEqualTo(1);
        assertThat(failed.failure().next()).containsInstanceOf(Decision.RestartCold.class);
        CommandTicket waiting = run();
        fence();
        assertThat(machines.hasBegun()).isFalse();
        supervisor.tell(new VmSupervisor.Go(2));
        FakeAgent agent = FakeAgent.boot(machines.next());
        assertThat(next(MemberReport.CameUp.class)).isEqualTo(new MemberReport.CameUp(2, 2));
        assertThat(agent.hear(FakeAgent.EXEC).u64()).isEqualTo(waiting.id());
    }

    @Test
    void theDelayCountsFromTheFailureAndGoDoesNotShortenIt() {
        launchInGroup(
                (failure, past, snapshots, random) -> new Decision.RestartCold(Duration.ofSeconds(10), List.of()));
        crash(machines.next());
        next(MemberReport.Failed.class);
        fence();
        time.timePasses(Duration.ofSeconds(9));
        supervisor.tell(new VmSupervisor.Go(2));
        fence();
        assertThat(machines.hasBegun()).isFalse();
        time.timePasses(Duration.ofSeconds(1));
        crash(machines.next());

        next(MemberReport.Failed.class);
        fence();
        time.timePasses(Duration.ofSeconds(10));
        fence();
        assertThat(machines.hasBegun()).isFalse();
        supervisor.tell(new VmSupervisor.Go(3));
        FakeAgent.boot(machines.next());
    }

    @Test
    void aHeldVmEndsInOrderAndKeepsItsTicketItsBindsAndWhatWaits() {
        AtomicReference<RecoveryHistory> seen = new AtomicReference<>();
        BlockingQueue<VmEvent> events = new LinkedBlockingQueue<>();
        RecoveryPolicy policy = (failure, past, snapshots, random) -> {
            seen.set(past.with(failure));
            return new Decision.RestartCold(Duration.ZERO, List.of());
        };
        launch(
                VmSpec.builder().build(),
                Supervision.by(policy).withEvents(events::add).withGroup(new GroupLink(1, told::add)));
        vm.vsock().listen(PORT, 1, request -> {});
        FakeMachine first = machines.next();
        FakeAgent agent = FakeAgent.boot(first);
        next(MemberReport.CameUp.class);
        supervisor.tell(new VmSupervisor.Hold(2, WHY));
        agent.hear(FakeAgent.SHUTDOWN);
        CommandTicket waiting = run();
        first.closesAtOnce = false;
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        Await.value(first.closeAsked());
        assertThat(told).isEmpty();
        first.finishClose();
        assertThat(next(MemberReport.Held.class).order()).isEqualTo(2);
        fence();
        assertThat(machines.hasBegun()).isFalse();
        assertThat(vm.ended().toCompletableFuture()).isNotDone();
        assertThat(seen.get().recent()).extracting(Failure::kind).isEmpty();
        assertThat(seen.get().total()).isEqualTo(1);
        assertThat(events)
                .filteredOn(VmEvent.Failed.class::isInstance)
                .singleElement()
                .satisfies(event -> {
                    VmFailure failure = ((VmEvent.Failed) event).failure();
                    assertThat(failure.cause()).isEqualTo(WHY);
                    assertThat(failure.kind()).isEqualTo(FailureKind.GROUP_RESTART);
                    assertThat(failure.line()).contains("its group app had it restarted, since VM db broke");
                });

        supervisor.tell(new VmSupervisor.Go(3));
        FakeMachine second = machines.next();
        assertThat(second.vsock.isBound(PORT)).isTrue();
        assertThat(FakeAgent.boot(second).hear(FakeAgent.EXEC).u64()).isEqualTo(waiting.id());
    }

    @Test
    void oneThatHasFailedAlreadyIsHeldAtOnce() {
        launchInGroup(restart());
        crash(machines.next());
        next(MemberReport.Failed.class);
        supervisor.tell(new VmSupervisor.Hold(2, WHY));
        assertThat(next(MemberReport.Held.class).order()).isEqualTo(2);
    }

    @Test
    void staleOrdersAreIgnored() {
        launchInGroup(restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        next(MemberReport.CameUp.class);
        supervisor.tell(new VmSupervisor.Hold(1, WHY));
        fence();
        assertThat(first.isClosed()).isFalse();
        crash(first);
        next(MemberReport.Failed.class);
        supervisor.tell(new VmSupervisor.Hold(5, WHY));
        next(MemberReport.Held.class);
        supervisor.tell(new VmSupervisor.Go(4));
        supervisor.tell(new VmSupervisor.Go(5));
        fence();
        assertThat(machines.hasBegun()).isFalse();
        supervisor.tell(new VmSupervisor.Go(6));
        FakeAgent.boot(machines.next());
    }

    @Test
    void aVmOfNoGroupTakesNoOrders() {
        launch(VmSpec.builder().build(), restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        Await.value(vm.ready());
        supervisor.tell(new VmSupervisor.Hold(2, WHY));
        supervisor.tell(new VmSupervisor.Go(3));
        fence();
        assertThat(first.isClosed()).isFalse();
        crash(first);
        FakeAgent.boot(machines.next());
    }

    @Test
    void anOwnersRestartNeedsNoGo() {
        launchInGroup(restart());
        FakeMachine first = machines.next();
        FakeAgent agent = FakeAgent.boot(first);
        next(MemberReport.CameUp.class);
        supervisor.tell(new VmSupervisor.Restart());
        agent.hear(FakeAgent.SHUTDOWN);
        first.exit(VmmExit.Reason.GUEST_POWEROFF, 0, "powered off");
        FakeAgent.boot(machines.next());
        assertThat(next(MemberReport.CameUp.class)).isEqualTo(new MemberReport.CameUp(1, 2));
    }

    @Test
    void aHeldVmCanBeStopped() {
        launchInGroup(restart());
        crash(machines.next());
        next(MemberReport.Failed.class);
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(machines.hasBegun()).isFalse();
    }

    @Test
    void anotherPolicyDecidesFromThenOn() {
        launchInGroup(restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        next(MemberReport.CameUp.class);
        supervisor.tell(new VmSupervisor.Resupervise(RecoveryPolicy.giveUp()));
        fence();
        crash(first);
        assertThat(failure().next()).containsInstanceOf(Decision.GiveUp.class);
        assertThat(told).isEmpty();
    }
}
