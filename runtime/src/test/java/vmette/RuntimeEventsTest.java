package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.stream.javadsl.Sink;
import com.typesafe.config.ConfigFactory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEvent;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.events.VmState;
import vmette.events.VmStatus;
import vmette.stream.Await;

/** What a runtime tells of its VMs; here of one that cannot be made. */
class RuntimeEventsTest {
    @Test
    void aVmIsToldOfFoundAndListed() {
        AtomicReference<VmHandle> handle = new AtomicReference<>();
        CompletionStage<List<VmEvent>> all;
        try (Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()))) {
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            vmette.metrics().bindTo(meters);
            all = vmette.events().runWith(Sink.seq(), vmette.system());
            // It subscribes when it begins, on a thread of its own.
            Await.until(
                    "a subscriber",
                    () -> meters.get("vmette.events.subscribers").gauge().value() == 1);
            CompletionStage<List<VmEvent>> own = vmette.launch(
                            VmSpec.builder().name("probe").build(), vm -> {
                                assertThat(vmette.find("probe")).contains(vm);
                                handle.set(vm);
                                throw new IllegalStateException("no ports");
                            })
                    .handle((vm, failure) -> handle.get())
                    .thenCompose(vm -> vm.ended().thenApply(end -> vm))
                    .thenCompose(vm -> vm.events().runWith(Sink.seq(), vmette.system()));
            assertThat(Await.value(own)).isEmpty();
            assertThat(vmette.find("probe")).isEmpty();
            VmStatus status = vmette.vms().get(0);
            assertThat(status.name()).isEqualTo("probe");
            assertThat(status.state()).isEqualTo(VmState.ENDED);
            assertThat(status.lastFailure()).isPresent();
        }
        assertThat(Await.value(all))
                .extracting(event -> event.getClass().getSimpleName())
                .containsExactly("Launched", "Began", "Failed", "Ended");
    }
}
