package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.machine.Making;
import vmette.recovery.RecoveryPolicy;
import vmette.stream.Await;

/** A VM whose machine is still being made, since an image is fetched for it, say. */
class VmPreparingTest extends VmFixture {
    private FakeMachineFactory.Begun prepare() {
        return prepare(RecoveryPolicy.giveUp());
    }

    private FakeMachineFactory.Begun prepare(RecoveryPolicy policy) {
        machines.makesAtOnce = false;
        launch(VmSpec.builder().build(), policy);
        return machines.nextBegun();
    }

    private void assertGivenUp() {
        Await.value(Await.next(machines.unwanted, "who may not want it"));
    }

    @Test
    void aStopEndsWhatIsUnderWay() {
        FakeMachineFactory.Begun first = prepare();
        supervisor.tell(new VmSupervisor.Stop());
        assertGivenUp();
        assertThat(vm.ending()).isNotDone();
        first.made().completeExceptionally(new VmLostException("given up"));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    /** Its maker hears nothing: the stop is answered all the same, and what is made in the end does not stay. */
    @Test
    void aStopIsAnsweredThoughTheMakingGoesOn() {
        FakeMachineFactory.Begun first = prepare();
        supervisor.tell(new VmSupervisor.Stop());
        assertGivenUp();
        assertThat(advanceUntilSettled(vm.ended(), java.time.Duration.ofSeconds(1)))
                .isGreaterThanOrEqualTo(VmSupervisor.CLOSE_PATIENCE.minusSeconds(1));
        VmFailure remains = failure();
        assertThat(remains.cause()).isInstanceOf(VmFailure.ProcessRemains.class);
        assertThat(remains.cause().text()).startsWith("a process, or what prepares the boot, of it cannot be ended");
        first.make();
        Await.value(first.machine().closeAsked());
        kit.createTestProbe().expectTerminated(supervisor, java.time.Duration.ofSeconds(30));
    }

    @Test
    void aRestartBeginsAnotherInItsPlace() {
        FakeMachineFactory.Begun first = prepare(restart());
        CompletableFuture<VmReady> reply = new CompletableFuture<>();
        supervisor.tell(new VmRequest.Restart(reply));
        assertGivenUp();
        first.made().completeExceptionally(new VmLostException("given up"));
        FakeMachineFactory.Begun second = machines.nextBegun();
        second.make();
        FakeAgent.boot(second.machine());
        Await.value(reply);
        assertThat(vm.incarnation()).hasValue(2);
    }

    @Test
    void theEndOfTheActorSystemEndsItToo() {
        FakeMachineFactory.Begun first = prepare();
        kit.stop(supervisor);
        assertGivenUp();
        first.made().completeExceptionally(new VmLostException("given up"));
        assertThat(Await.value(vm.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
    }

    /** Nothing is fetched on for a VM whose name was taken. */
    @Test
    void oneThatTheRegistryRefusesIsGivenUp() {
        var registry = kit.spawn(VmRegistry.create(settings, machines));
        registry.tell(new VmRegistry.Launch(
                ticket(NAME, VmSpec.builder().build()), RecoveryPolicy.giveUp(), Optional.empty()));
        VmTicket second = ticket(NAME, VmSpec.builder().build());
        CompletableFuture<Void> givenUp = new CompletableFuture<>();
        Making making = new Making().after(CompletableFuture.completedStage(null), unwanted -> {
            unwanted.thenRun(() -> givenUp.complete(null));
            return new CompletableFuture<>();
        });
        registry.tell(new VmRegistry.Launch(second, Supervision.by(RecoveryPolicy.giveUp()), Optional.of(making)));
        Await.value(second.ended());
        Await.value(givenUp);
    }
}
