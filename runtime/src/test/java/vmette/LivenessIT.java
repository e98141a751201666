package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.actors.VmFailure;
import vmette.config.HealthCheck;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** Real VMs that stop being alive, or only seem to. Each may come up again once. */
class LivenessIT {
    private static final String BOOT_ID = "cat /proc/sys/kernel/random/boot_id";
    private static final String SETTINGS = "vmette { recovery { mode = transient, max-restarts = 1 },"
            + " liveness { interval = 500ms, stopped-after = 500ms, hung-after = 5s, dead-after = 1m } }";
    private static final VmSpec SPEC = VmSpec.builder().memoryMib(128).build();

    private static Vmette runtime() {
        return Vmette.create(
                RuntimeSettings.from(ConfigFactory.parseString(SETTINGS).withFallback(ConfigFactory.load())));
    }

    private static ProcessHandle emulator() {
        List<ProcessHandle> emulators = ProcessHandle.current()
                .descendants()
                .filter(process -> process.info().command().orElse("").contains("qemu-system"))
                .toList();
        assertThat(emulators).hasSize(1);
        return emulators.get(0);
    }

    private static void stop(ProcessHandle process) {
        try {
            assertThat(new ProcessBuilder("/bin/sh", "-c", "kill -STOP " + process.pid())
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Until the former incarnation is gone what is asked is refused or lost; after that it waits for the next one. */
    private static String bootIdAfter(String former, Vmette vmette, VmHandle vm) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
        while (System.nanoTime() < end) {
            try {
                String id = Guests.sh(vmette, vm, BOOT_ID).stdout();
                if (!id.equals(former)) {
                    return id;
                }
            } catch (VmLostException e) {
                assertThat(vm.ended().toCompletableFuture()).as(e.getMessage()).isNotDone();
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
        throw new AssertionError("it did not come up again");
    }

    private static VmFailure failure(VmHandle vm) {
        VmEnd end = await(vm.ended());
        assertThat(end.how()).isEqualTo(VmEnd.How.FAILED);
        return end.failure().orElseThrow();
    }

    @Test
    void aStoppedEmulatorIsEndedAndTheVmComesUpAgain() {
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            ProcessHandle emulator = emulator();
            stop(emulator);
            assertThat(bootIdAfter(first, vmette, vm)).hasSameSizeAs(first);
            assertThat(emulator.isAlive()).isFalse();

            ProcessHandle second = emulator();
            stop(second);
            VmFailure failure = failure(vm);
            assertThat(failure.cause()).isEqualTo(new VmFailure.Stopped(second.pid()));
            assertThat(failure.incarnation()).isEqualTo(2);
        }
    }

    @Test
    void aGuestWhoseAgentGetsNoProcessorTimeHangs() {
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            hog(vmette, vm);
            bootIdAfter(first, vmette, vm);
            hog(vmette, vm);
            VmFailure failure = failure(vm);
            assertThat(failure.cause()).isInstanceOf(VmFailure.Hung.class);
            assertThat(failure.cause().text())
                    .contains("neither an answer of its agent nor a byte of anything else, while its monitor (state ");
        }
    }

    private static void hog(Vmette vmette, VmHandle vm) {
        Guests.upload(vmette, vm, "hog");
        Execution hog = vm.exec("/tmp/hog");
        assertThatThrownBy(() -> await(hog.status())).isInstanceOf(VmLostException.class);
    }

    @Test
    void aBusyGuestIsAlive() {
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC));
            // Twice as long as a silent one is suffered; nothing is asked of it meanwhile that would be progress.
            String busy = "for i in 1 2 3 4; do while :; do :; done & done; sleep 10; echo alive";
            assertThat(Guests.sh(vmette, vm, busy).stdout()).isEqualTo("alive\n");
            assertThat(await(vm.stop()).failure()).isEmpty();
        }
    }

    @Test
    void aGuestThatIsUnhealthyIsRecovered() {
        HealthCheck check = HealthCheck.exec("if test -e /tmp/sick; then echo it is sick; exit 7; fi")
                .withInterval(Duration.ofMillis(300));
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC.toBuilder().health(check).build()));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            vm.exec("touch /tmp/sick");
            bootIdAfter(first, vmette, vm);
            vm.exec("touch /tmp/sick");
            assertThat(failure(vm).cause())
                    .isEqualTo(new VmFailure.HealthCheckFailed(check.text(), 3, "exit status 7, it is sick"));
        }
    }

    @Test
    void aPortThatTakesNoConnectionsAnyMoreIsUnhealthy() {
        HealthCheck check =
                HealthCheck.port(8080).withInterval(Duration.ofMillis(300)).withStartPeriod(Duration.ofHours(1));
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC.toBuilder().health(check).build()));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            Guests.upload(vmette, vm, "tcp-probe");
            Execution server =
                    vm.exec("/tmp/tcp-probe greet 8080 > /tmp/out & until grep after /tmp/out; do sleep 1; done;"
                            + " kill -9 $!; sleep 1000");
            assertThatThrownBy(() -> await(server.status())).isInstanceOf(VmLostException.class);
            bootIdAfter(first, vmette, vm);
            assertThat(await(vm.stop()).failure()).isEmpty();
        }
    }

    @Test
    void anEmulatorThatIsKilledIsAnExitAndNoSilence() {
        try (Vmette vmette = runtime()) {
            VmHandle vm = await(vmette.launch(SPEC));
            String first = Guests.sh(vmette, vm, BOOT_ID).stdout();
            emulator().destroyForcibly();
            bootIdAfter(first, vmette, vm);
            emulator().destroyForcibly();
            assertThat(failure(vm).word()).isEqualTo("VmmExit(9)");
        }
    }

    /**
     * Its processors wait with interrupts off for what never comes: nothing is stopped, and nothing runs. Its QEMU still wakes up now and then, and
     * uses a tick of processor time every few seconds, so the bound is a low one, and a loaded host does not stretch it.
     */
    @Test
    void aGuestThatHasHaltedForGoodIsDead() {
        RuntimeSettings settings = Faults.settings("vmette { recovery { mode = transient, max-restarts = 1 },"
                + " liveness { interval = 250ms, hung-after = 1h, dead-after = 1s, most-stretch = 1 } }");
        try (Vmette vmette = Vmette.create(settings)) {
            VmHandle vm = await(vmette.launch(SPEC));
            for (long incarnation = 1; incarnation <= 2; incarnation++) {
                Faults.awaitIncarnationAfter(incarnation - 1, vm);
                vm.exec("halt -f");
            }
            assertThat(failure(vm).cause()).isInstanceOf(VmFailure.Dead.class);
        }
    }
}
