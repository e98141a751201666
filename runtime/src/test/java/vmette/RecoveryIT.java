package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** A real VM that comes up again. */
class RecoveryIT {
    private static final String BOOT_ID = "cat /proc/sys/kernel/random/boot_id";

    @Test
    void aVmWhoseGuestPanicsIsBootedAgainAndItsPowerOffEndsIt() {
        RuntimeSettings settings = RuntimeSettings.from(
                ConfigFactory.parseString("vmette.recovery.mode = transient").withFallback(ConfigFactory.load()));
        try (Vmette vmette = Vmette.create(settings)) {
            VmHandle vm = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            Execution crash = vm.exec("echo c > /proc/sysrq-trigger; sleep 1000");
            assertThatThrownBy(() -> await(crash.status())).isInstanceOf(VmLostException.class);

            assertThat(bootIdOfTheNext(vmette, vm)).isNotEqualTo(first).hasSameSizeAs(first);
            assertThat(vm.ended().toCompletableFuture()).isNotDone();

            vm.exec("poweroff -f");
            assertThat(await(vm.ended()).how()).isEqualTo(VmEnd.How.POWERED_OFF);
        }
    }

    /** Until the former incarnation is gone what is asked is refused; after that it waits for the next one. */
    private static String bootIdOfTheNext(Vmette vmette, VmHandle vm) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
        while (System.nanoTime() < end) {
            try {
                return Guests.sh(vmette, vm, BOOT_ID).stdout();
            } catch (VmLostException e) {
                assertThat(vm.ended().toCompletableFuture()).as(e.getMessage()).isNotDone();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
        throw new AssertionError("it did not come up again");
    }
}
