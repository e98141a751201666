package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import vmette.config.RestoreMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.rootfs.RootfsProgress;
import vmette.snapshot.BundleStore;

/** A runtime whose VMs are saved, and what their guests do meanwhile. Closed it has left nothing. */
final class SavedVms implements AutoCloseable {
    static final VmSpec SPEC = VmSpec.builder().memoryMib(160).build();

    /** Starts a process that counts in {@code /tmp/count}. */
    static final String COUNTER = "(i=0; while :; do i=$((i+1)); echo $i > /tmp/next; mv /tmp/next /tmp/count;"
            + " usleep 20000; done) & echo $! > /tmp/pid; until test -f /tmp/count; do usleep 20000; done";

    /** What it had counted to is remembered. */
    static final String REMEMBER = "cat /tmp/count > /tmp/saved";

    /** The process is there, and counts on from where it was. */
    static final String COUNTS = "kill -0 $(cat /tmp/pid) || exit 10; was=$(cat /tmp/saved); now=$(cat /tmp/count);"
            + " test $now -ge $was || exit 11; for i in $(seq 500); do test $(cat /tmp/count) -gt $now && exit 0;"
            + " usleep 20000; done; exit 12";

    private static final long DEADLINE_SECONDS = 240;

    private final Path runtimes;
    private final BundleStore store;
    private final QemuMachines machines;

    private SavedVms(Path runtimes, BundleStore store, QemuMachines machines) {
        this.runtimes = runtimes;
        this.store = store;
        this.machines = machines;
    }

    static SavedVms open(Path temporary) throws IOException {
        BundleStore store = BundleStore.open(temporary.resolve("snapshots"));
        Path runtimes = Files.createTempDirectory(Path.of("/dev/shm"), "snap");
        Config config = ConfigFactory.parseString("vmette.runtime-dir = \"" + runtimes + "\"")
                .withFallback(ConfigFactory.load());
        QemuMachines machines = new QemuMachines(RuntimeSettings.from(config), RootfsProgress.NONE, List::of);
        machines.keepSnapshotsIn(store);
        return new SavedVms(runtimes, store, machines);
    }

    QemuMachines machines() {
        return machines;
    }

    BundleStore store() {
        return store;
    }

    /** Its parent may be a tmpfs in which there is something else. */
    Path directory() {
        return runtimes;
    }

    Machine booted() throws Exception {
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        return machine;
    }

    Machine restored(String snapshot, RestoreMode mode) throws Exception {
        machines.restoreBy(mode);
        Machine machine = await(machines.restore(SPEC, "restored", snapshot, vsock -> {}));
        await(machine.started());
        return machine;
    }

    static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new CompletionException(e.getCause());
        }
    }

    @Override
    public void close() throws IOException {
        machines.close();
        try (Stream<Path> left = Files.walk(runtimes)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        for (Path each : List.of(runtimes.resolve("vmette-" + Files.getAttribute(runtimes, "unix:uid")), runtimes)) {
            Files.deleteIfExists(each);
        }
        assertThat(store.root().toFile().list()).allMatch(name -> !name.startsWith("."));
    }
}
