package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vmette.actors.VmEvent;
import vmette.actors.VmFailure;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.machine.OtherInits;

/**
 * Guests that take all the processor they can get, on a host that has too little of it: slow is not dead. {@code -Dvmette.full=true}: for ten minutes;
 * else for less than one.
 */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class BusyIT {
    private static final int VMS = 8;
    private static final Duration BUSY = Duration.ofSeconds(Boolean.getBoolean("vmette.full") ? 600 : 12);

    /** An idle host finds a silent guest hung within 15 s. */
    private static final String SETTINGS = "vmette { boot.deadline = 4m, recovery.mode = permanent,"
            + " liveness { interval = 500ms, stopped-after = 1s, dead-after = 10s, hung-after = 15s } }";

    @Test
    void eightBusyVmsFailNotOnce() {
        List<VmFailure> failures = new CopyOnWriteArrayList<>();
        RuntimeSettings settings = Faults.settings(SETTINGS);
        try (Vmette vmette = Vmette.create(settings, OtherInits.create(settings), event -> {
            if (event instanceof VmEvent.Failed failed) {
                failures.add(failed.failure());
            }
        })) {
            List<CompletionStage<VmHandle>> launches = new ArrayList<>();
            for (int i = 0; i < VMS; i++) {
                launches.add(vmette.launch(
                        VmSpec.builder().name("busy-" + i).memoryMib(96).build()));
            }
            List<VmHandle> vms = launches.stream().map(Guests::await).toList();
            List<Execution> loops = vms.stream()
                    .map(vm -> vm.exec("while :; do :; done & while :; do :; done"))
                    .toList();
            loops.forEach(loop -> await(loop.started()));
            long end = System.nanoTime() + BUSY.toNanos();
            Faults.until(
                    "the time to be over, or a failure", () -> System.nanoTime() > end || !failures.isEmpty(), BUSY);

            assertThat(failures).as("failures of busy VMs").isEmpty();
            for (VmHandle vm : vms) {
                assertThat(vm.incarnation()).isEqualTo(1);
                assertThat(Guests.out(vmette, vm, "echo alive")).isEqualTo("alive\n");
            }
            loops.forEach(
                    loop -> assertThat(loop.status().toCompletableFuture()).isNotDone());
        }
    }
}
