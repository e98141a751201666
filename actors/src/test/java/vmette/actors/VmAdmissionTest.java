package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.admission.AdmissionControl;
import vmette.admission.VmAdmission;
import vmette.config.AdmissionSettings;
import vmette.config.VmSpec;
import vmette.config.WhenFull;
import vmette.errors.VmLostException;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;
import vmette.vmm.VmmExit;

/** A supervised VM that has to be let in, where one may come up at a time. */
class VmAdmissionTest extends VmFixture {
    private AdmissionControl control;
    private VmAdmission other;

    @BeforeEach
    void otherVm() {
        control = new AdmissionControl(
                new AdmissionSettings(OptionalInt.of(1), OptionalLong.of(2000), 10, WhenFull.QUEUE),
                1,
                1,
                () -> Instant.EPOCH);
        other = control.vm("other", "", 100, WhenFull.QUEUE);
    }

    private void launchAdmitted(RecoveryPolicy policy) {
        launch(
                VmSpec.builder().build(),
                Supervision.by(policy).withAdmission(control.vm(NAME, "", 512, WhenFull.QUEUE)));
    }

    private boolean waits() {
        return control.status().waiting().stream().anyMatch(each -> each.vm().equals(NAME));
    }

    @Test
    void itWaitsForItsTurnAndGivesItBackOnceReady() {
        other.enter();
        launchAdmitted(RecoveryPolicy.giveUp());
        advanceUntil(this::waits);
        assertThat(machines.hasBegun()).isFalse();
        other.settled();
        FakeMachine machine = machines.next();
        assertThat(control.status().starting()).isEqualTo(1);
        FakeAgent.boot(machine);
        Await.value(vm.ready());
        assertThat(control.status().starting()).isZero();
        assertThat(control.status().memoryMib()).isEqualTo(100 + 512 + 2 * AdmissionControl.MONITOR_MIB);

        machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
        failure();
        assertThat(control.status().memoryMib()).isEqualTo(100 + AdmissionControl.MONITOR_MIB);
    }

    @Test
    void itsBootDeadlineDoesNotCountWhileItWaits() {
        other.enter();
        launchAdmitted(RecoveryPolicy.giveUp());
        advanceUntil(this::waits);
        time.timePasses(settings.bootDeadline().multipliedBy(3));
        other.settled();
        FakeAgent.boot(machines.next());
        assertThat(Await.value(vm.ready()).kernel()).isEqualTo("6.1.0-fake");
    }

    @Test
    void oneThatIsStoppedWhileItWaitsEndsAtOnce() {
        other.enter();
        launchAdmitted(RecoveryPolicy.giveUp());
        advanceUntil(this::waits);
        supervisor.tell(new VmSupervisor.Stop());
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(waits()).isFalse();
        assertThat(machines.hasBegun()).isFalse();
        assertThat(control.status().memoryMib()).isEqualTo(100 + AdmissionControl.MONITOR_MIB);
        assertThat(Await.failure(vm.ready())).isInstanceOf(VmLostException.class);
    }

    @Test
    void oneThatComesUpAgainWaitsForItsTurnToo() {
        launchAdmitted(restart());
        FakeMachine first = machines.next();
        FakeAgent.boot(first);
        Await.value(vm.ready());
        other.enter();
        first.exit(VmmExit.Reason.CRASHED, 1, "it broke");
        advanceUntil(this::waits);
        assertThat(control.status().waiting().get(0).again()).isTrue();
        assertThat(machines.hasBegun()).isFalse();
        other.settled();
        FakeMachine second = machines.next();
        assertThat(second.vsock.guest()).isEqualTo("incarnation 2 of VM " + NAME);
        FakeAgent.boot(second);
        advanceUntil(() -> control.status().starting() == 0);
    }

    @Test
    void anIncarnationThatDoesNotComeUpGivesItsTurnBack() {
        launchAdmitted(RecoveryPolicy.giveUp());
        machines.next().exit(VmmExit.Reason.CRASHED, 1, "it broke");
        failure();
        assertThat(control.status().starting()).isZero();
        assertThat(control.status().memoryMib()).isZero();
    }

    @Test
    void whatRemainsOfAVmHasItsMemory() {
        launchAdmitted(RecoveryPolicy.giveUp());
        FakeMachine machine = machines.next();
        FakeAgent.boot(machine);
        Await.value(vm.ready());
        machine.closesAtOnce = false;
        machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
        advanceUntilSettled(vm.ended(), Duration.ofSeconds(10));
        assertThat(failure().cause()).isInstanceOf(VmFailure.ProcessRemains.class);
        assertThat(control.status().memoryMib()).isEqualTo(512 + AdmissionControl.MONITOR_MIB);
        machine.finishClose();
        advanceUntil(() -> control.status().memoryMib() == 0);
    }

    @Test
    void oneThatIsRefusedByTheRegistryGivesBackWhatItHas() {
        var registry = kit.spawn(VmRegistry.create(settings, machines));
        VmTicket first = ticket(NAME, VmSpec.builder().build());
        registry.tell(new VmRegistry.Launch(first, RecoveryPolicy.giveUp(), Optional.empty()));
        VmTicket second = ticket(NAME, VmSpec.builder().build());
        VmAdmission way = control.vm(NAME, "", 512, WhenFull.QUEUE);
        way.enter();
        registry.tell(new VmRegistry.Launch(
                second,
                Supervision.by(RecoveryPolicy.giveUp()).withAdmission(way),
                Optional.of(new CompletableFuture<>())));
        Await.value(second.ended());
        assertThat(control.status().memoryMib()).isZero();
        assertThat(control.status().starting()).isZero();
    }

    @Test
    void theEndOfTheActorSystemEndsTheWaiting() {
        other.enter();
        launchAdmitted(RecoveryPolicy.giveUp());
        advanceUntil(this::waits);
        kit.stop(supervisor);
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
        assertThat(waits()).isFalse();
    }
}
