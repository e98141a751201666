package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.out;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.errors.VmetteException;
import vmette.snapshot.BundleStore;

/** QEMU dies at any moment of a save or of a restore: no half bundle is taken for a whole one, and the ladder brings the VM back. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SaveKillIT {
    private static final int KILLS = Boolean.getBoolean("vmette.full") ? 20 : 3;

    @TempDir
    private Path temporary;

    private final Random random = new Random();
    private Vmette vmette;
    private VmHandle vm;

    @BeforeEach
    void open() {
        vmette = Vmette.create(Faults.settings("vmette { snapshot.dir = \"" + temporary
                + "\", recovery { mode = permanent, max-restarts = 100, stable-after = 0s,"
                + " backoff { min = 1ms, max = 1ms } } }"));
        vm = await(vmette.launch(VmSpec.builder()
                .name("killed")
                .memoryMib(128)
                .scratchMib(64)
                .snapshots(SnapshotSpec.builder()
                        .golden(true)
                        .warmUp("echo warm > /tmp/warm")
                        .build())
                .build()));
        Faults.until("a golden snapshot", () -> names().size() == 1);
    }

    @AfterEach
    void close() {
        vmette.close();
        // Of those that were begun nothing is left.
        assertThat(temporary.toFile().list()).noneMatch(name -> name.startsWith("."));
    }

    private List<String> names() {
        return BundleStore.open(temporary).names();
    }

    private void assertWhole(String snapshot) {
        BundleStore.open(temporary).open(snapshot).verify();
    }

    private void pause(long mostNanos) {
        LockSupport.parkNanos(random.nextLong(Math.max(1, mostNanos)));
    }

    private void assertIsBack(long killed, String when) {
        Faults.awaitIncarnationAfter(killed, vm);
        assertThat(out(vmette, vm, "cat /tmp/warm")).as(when).isEqualTo("warm\n");
    }

    @Test
    void atAnyMomentOfASave() {
        long begun = System.nanoTime();
        await(vm.snapshot("whole"));
        long takes = System.nanoTime() - begun;
        for (int i = 0; i < KILLS; i++) {
            String name = "save-" + i;
            long incarnation = vm.incarnation();
            CompletionStage<?> save = vm.snapshot(name);
            pause(takes + takes / 4);
            Faults.emulators(vm).forEach(ProcessHandle::destroyForcibly);
            assertIsBack(incarnation, name);
            try {
                await(save);
                assertThat(names()).contains(name);
            } catch (VmetteException broken) {
                // There is none, or a whole one: the VM may have ended between its last byte and the answer.
            }
        }
        for (String name : names()) {
            assertWhole(name);
        }
        VmHandle other = await(
                vmette.restore(VmSpec.builder().memoryMib(128).scratchMib(64).build(), "whole"));
        assertThat(out(vmette, other, "cat /tmp/warm")).isEqualTo("warm\n");
    }

    @Test
    void atAnyMomentOfARestore() {
        long incarnation = vm.incarnation();
        long begun = System.nanoTime();
        Faults.emulator(vm).destroyForcibly();
        assertIsBack(incarnation, "first");
        long takes = System.nanoTime() - begun;
        for (int i = 0; i < KILLS; i++) {
            ProcessHandle first = Faults.emulator(vm);
            incarnation = vm.incarnation();
            first.destroyForcibly();
            Faults.until("another emulator", () -> Faults.emulators(vm).stream()
                    .anyMatch(process -> process.pid() != first.pid()));
            pause(takes);
            Faults.emulators(vm).forEach(ProcessHandle::destroyForcibly);
            // Whichever of the two was not ready any more: what answers now came after both.
            assertIsBack(incarnation, "restore " + i);
        }
        for (String name : names()) {
            assertWhole(name);
        }
    }
}
