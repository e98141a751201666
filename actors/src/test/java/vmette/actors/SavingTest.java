package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import vmette.machine.Machine;

class SavingTest {
    /** The end of a service is told once, and nobody else would have its VM powered off. */
    @Test
    void whatTheIncarnationHearsOfItsOwnWaitsHoweverManyCallersDo() {
        Saving saving = Saving.of(new InstanceRequest.Save(Machine.UNNAMED, false, true, new CompletableFuture<>()));
        InstanceRequest.Stop asked = new InstanceRequest.Stop();
        for (int i = 0; i < Saving.MOST_WAITING; i++) {
            assertThat(saving.hold(asked)).isTrue();
        }
        assertThat(saving.hold(asked)).isFalse();
        ServiceLifecycle.ServiceEnded own = new ServiceLifecycle.ServiceEnded(Optional.empty());
        assertThat(saving.hold(own)).isTrue();
        assertThat(saving.release()).hasSize(Saving.MOST_WAITING + 1).last().isEqualTo(own);
    }
}
