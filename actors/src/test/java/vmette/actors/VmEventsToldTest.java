package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** What a supervisor tells of its VM, and in which order. */
class VmEventsToldTest extends VmFixture {
    private final BlockingQueue<VmEvent> told = new LinkedBlockingQueue<>();

    private <T extends VmEvent> T next(Class<T> type) {
        VmEvent event = Await.next(told, type.getSimpleName());
        assertThat(event).isInstanceOf(type);
        return type.cast(event);
    }

    private void launchTelling(RecoveryPolicy policy) {
        launch(VmSpec.builder().build(), Supervision.by(policy).withEvents(told::add));
    }

    @Test
    void aLifeWithOneRecoveryAndAStop() {
        launchTelling(restart());
        assertThat(next(VmEvent.Launched.class).vm()).isEqualTo(NAME);
        VmEvent.Began first = next(VmEvent.Began.class);
        assertThat(first.incarnation()).isEqualTo(1);
        assertThat(first.from()).isEqualTo(Origin.BOOT);
        FakeMachine machine = machines.next();
        FakeAgent.boot(machine);
        assertThat(next(VmEvent.BecameReady.class).ready().kernel()).isEqualTo("6.1.0-fake");

        machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
        VmEvent.Failed failed = next(VmEvent.Failed.class);
        assertThat(failed.incarnation()).isEqualTo(1);
        assertThat(failed.failure().next()).isPresent();
        assertThat(failed.at()).isEqualTo(failed.failure().life().orElseThrow().failed());
        assertThat(next(VmEvent.Began.class).incarnation()).isEqualTo(2);
        FakeAgent.boot(machines.next());
        assertThat(next(VmEvent.BecameReady.class).incarnation()).isEqualTo(2);

        supervisor.tell(new VmSupervisor.Stop());
        assertThat(next(VmEvent.Stopping.class).how()).contains(VmEnd.How.STOPPED);
        advanceUntilSettled(vm.ended());
        assertThat(next(VmEvent.Ended.class).end().how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(told).isEmpty();
    }

    @Test
    void anOrderedRestartIsToldAsWhatFollows() {
        launchTelling(RecoveryPolicy.of(settings.recovery()));
        FakeAgent.boot(machines.next());
        Await.value(vm.ready());
        told.clear();
        supervisor.tell(new VmSupervisor.Restart());
        assertThat(next(VmEvent.Stopping.class).how()).isEmpty();
        advanceUntil(() -> told.size() >= 2, Duration.ofSeconds(1));
        assertThat(next(VmEvent.Failed.class).failure().cause()).isInstanceOf(VmFailure.OperatorRestart.class);
        assertThat(next(VmEvent.Began.class).incarnation()).isEqualTo(2);
    }

    @Test
    void theFailureThatEndsAVmIsToldBeforeItsEnd() {
        launchTelling(RecoveryPolicy.giveUp());
        machines.next().exit(VmmExit.Reason.CRASHED, 1, "it broke");
        VmFailure why = failure();
        assertThat(List.of(next(VmEvent.Launched.class), next(VmEvent.Began.class)))
                .hasSize(2);
        assertThat(next(VmEvent.Failed.class).failure()).isEqualTo(why);
        assertThat(next(VmEvent.Ended.class).end().failure()).isEqualTo(Optional.of(why));
    }
}
