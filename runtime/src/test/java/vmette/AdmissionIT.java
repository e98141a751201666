package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import vmette.admission.AdmissionStatus;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.WhenFull;
import vmette.errors.AdmissionRefusedException;
import vmette.errors.InvalidConfigException;

/** Real VMs that may not all come up at once. */
class AdmissionIT {
    private static RuntimeSettings settings(String admission) {
        return RuntimeSettings.from(ConfigFactory.parseString("vmette.admission { " + admission + " }")
                .withFallback(ConfigFactory.load()));
    }

    private static VmSpec vm(String name) {
        return VmSpec.builder().name(name).memoryMib(128).build();
    }

    private static List<String> waiting(Vmette vmette) {
        return vmette.admission().waiting().stream()
                .map(AdmissionStatus.Waiting::vm)
                .toList();
    }

    @Test
    void oneComesUpAfterTheOther() {
        try (Vmette vmette = Vmette.create(settings("starting = 1"))) {
            List<String> order = new CopyOnWriteArrayList<>();
            for (String name : List.of("first", "second", "third")) {
                vmette.launch(vm(name)).thenAccept(vm -> order.add(vm.name()));
            }
            // The first one boots for a second or more.
            assertThat(waiting(vmette)).containsExactly("second", "third");
            assertThatThrownBy(
                            () -> await(vmette.launch(vm("proud"), LaunchOptions.DEFAULT.withWhenFull(WhenFull.FAIL))))
                    .isInstanceOf(AdmissionRefusedException.class)
                    .hasMessageContaining("VM proud was not launched");
            VmHandle last = await(vmette.launch(vm("last")));
            assertThat(order).containsExactly("first", "second", "third");
            assertThat(Guests.sh(vmette, last, "echo up").stdout()).isEqualTo("up\n");
            assertThat(vmette.admission().starting()).isZero();
        }
    }

    @Test
    void oneWaitsForTheMemoryOfAnotherAndForNoMoreThanThereIs() {
        try (Vmette vmette = Vmette.create(settings("memory = 300MiB"))) {
            VmHandle first = await(vmette.launch(vm("first")));
            CompletionStage<VmHandle> second = vmette.launch(vm("second"));
            assertThatThrownBy(() -> await(vmette.launch(
                            VmSpec.builder().name("large").memoryMib(512).build())))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("vmette.admission.memory");
            assertThat(vmette.admission().waiting()).singleElement().satisfies(waits -> {
                assertThat(waits.vm()).isEqualTo("second");
                assertThat(waits.forMemory()).isTrue();
            });
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
            while (vmette.vms().stream().noneMatch(status -> status.name().equals("second"))) {
                assertThat(System.nanoTime()).as("its supervisor begins").isLessThan(end);
                Thread.onSpinWait();
            }
            assertThat(vmette.vms())
                    .extracting(status -> status.name() + " " + status.state())
                    .contains("first READY", "second QUEUED");
            assertThat(second.toCompletableFuture()).isNotDone();
            await(first.stop());
            assertThat(Guests.sh(vmette, await(second), "echo up").stdout()).isEqualTo("up\n");
            assertThat(vmette.admission().memoryMib()).isBetween(128L, 200L);
        }
    }
}
