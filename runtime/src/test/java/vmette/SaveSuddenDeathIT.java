package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.VmSpec;
import vmette.process.RuntimeDirectory;
import vmette.snapshot.BundleStore;

/** JVMs die by {@code kill -9} at any moment of saves and restores: what is found afterwards is whole, and nothing else is left. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SaveSuddenDeathIT {
    private static final int ROUNDS = Boolean.getBoolean("vmette.full") ? 20 : 2;
    private static final VmSpec SPEC =
            VmSpec.builder().memoryMib(128).scratchMib(64).build();

    @TempDir
    private Path temporary;

    private final Random random = new Random();
    private Path runtimeDir;
    private Path snapshots;
    private DoomedJvm jvm;

    private static Vmette runtime(Path runtimeDir, Path snapshots) {
        return Vmette.create(Faults.settings(
                "vmette { runtime-dir = \"" + runtimeDir + "\", snapshot.dir = \"" + snapshots + "\" }"));
    }

    /** Saves again and again, and tells by a file how often it has. */
    static final class Saving {
        private Saving() {}

        public static void main(String[] args) throws Exception {
            Vmette vmette = runtime(Path.of(args[0]), Path.of(args[1]));
            VmHandle vm = await(vmette.launch(SPEC));
            Guests.out(vmette, vm, "echo saved > /tmp/word");
            for (int i = 0; ; i++) {
                await(vm.snapshot(args[2] + "-" + i));
                Files.writeString(Path.of(args[1]).resolveSibling("told"), String.valueOf(i + 1));
            }
        }
    }

    /** Restores again and again. */
    static final class Restoring {
        private Restoring() {}

        public static void main(String[] args) throws Exception {
            Vmette vmette = runtime(Path.of(args[0]), Path.of(args[1]));
            for (int i = 0; ; i++) {
                await(await(vmette.restore(SPEC, args[2])).stop());
                Files.writeString(Path.of(args[1]).resolveSibling("told"), String.valueOf(i + 1));
            }
        }
    }

    @BeforeEach
    void prepare() throws IOException {
        runtimeDir = Files.createTempDirectory("vmt");
        snapshots = temporary.resolve("snapshots");
    }

    @AfterEach
    void end() throws Exception {
        if (jvm != null) {
            jvm.process().destroyForcibly().waitFor();
        }
        RuntimeDirectory.open(runtimeDir.toString()).close();
        Faults.until(
                "the last process to end", () -> Traces.processes(runtimeDir).isEmpty());
        Traces.remove(runtimeDir);
    }

    /** @param round which of all */
    private void dies(Class<?> main, String word, int round) throws Exception {
        Path told = temporary.resolve("told");
        Files.deleteIfExists(told);
        jvm = DoomedJvm.start(main, runtimeDir.toString(), snapshots.toString(), word);
        Faults.until("the first to be done", () -> {
            assertThat(jvm.process().isAlive()).isTrue();
            return Files.exists(told);
        });
        // Two or three more may come to their ends, and one does not.
        LockSupport.parkNanos(random.nextLong(TimeUnit.SECONDS.toNanos(2)));
        boolean alone = round % 2 == 0;
        jvm.kill(alone);
        RuntimeDirectory.open(runtimeDir.toString()).close();
        String when = main.getSimpleName() + " " + round + (alone ? "" : " with its janitor");
        Faults.until(when + ": its processes to end", () -> Traces.processes(runtimeDir)
                .isEmpty());
        Faults.until(
                () -> when + ": its files to go: " + DoomedJvm.leftFiles(runtimeDir),
                () -> DoomedJvm.leftFiles(runtimeDir).isEmpty());
    }

    private void assertAllWhole(int least) {
        BundleStore store = BundleStore.open(snapshots);
        List<String> names = store.names();
        assertThat(names).hasSizeGreaterThanOrEqualTo(least);
        names.forEach(name -> store.open(name).verify());
        // What was not finished goes with the next that is begun, or is looked for.
        BundleStore.sweep(snapshots);
        assertThat(snapshots.toFile().list()).hasSize(names.size());
    }

    @Test
    void atAnyMomentOfSavesAndRestores() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            dies(Saving.class, "round" + round, round);
            assertAllWhole(round + 1);
        }
        List<String> names = BundleStore.open(snapshots).names();
        for (int round = 0; round < ROUNDS; round++) {
            dies(Restoring.class, names.get(random.nextInt(names.size())), round);
            assertAllWhole(names.size());
        }
        try (Vmette vmette = runtime(runtimeDir, snapshots)) {
            for (String name : List.of(names.get(0), names.get(names.size() - 1))) {
                VmHandle vm = await(vmette.restore(SPEC, name));
                assertThat(Guests.out(vmette, vm, "cat /tmp/word")).isEqualTo("saved\n");
            }
        }
    }
}
