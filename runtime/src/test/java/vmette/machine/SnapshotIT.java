package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.rootfs.RootfsProgress;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundleStore;

/** A real VM is saved and goes on, in its own process and in others. */
class SnapshotIT {
    private static final long DEADLINE_SECONDS = 240;
    private static final VmSpec SPEC = VmSpec.builder().memoryMib(160).build();
    private static final String COUNTER = "(i=0; while :; do i=$((i+1)); echo $i > /tmp/next; mv /tmp/next /tmp/count;"
            + " usleep 20000; done) & echo $! > /tmp/pid; until test -f /tmp/count; do usleep 20000; done";
    /** The process is there, and counts on from where it was. */
    private static final String COUNTS =
            "kill -0 $(cat /tmp/pid) || exit 10; was=$(cat /tmp/saved); now=$(cat /tmp/count);"
                    + " test $now -ge $was || exit 11; for i in $(seq 500); do test $(cat /tmp/count) -gt $now && exit 0;"
                    + " usleep 20000; done; exit 12";

    @TempDir
    private Path temporary;

    private QemuMachines machines;
    private BundleStore store;

    private Path runtimes;

    @BeforeEach
    void open() throws Exception {
        store = BundleStore.open(temporary.resolve("snapshots"));
        runtimes = Files.createTempDirectory(Path.of("/dev/shm"), "snap");
        Config config = ConfigFactory.parseString("vmette.runtime-dir = \"" + runtimes + "\"")
                .withFallback(ConfigFactory.load());
        machines = new QemuMachines(RuntimeSettings.from(config), RootfsProgress.NONE, List::of);
        machines.keepSnapshotsIn(store);
    }

    @AfterEach
    void close() throws Exception {
        machines.close();
        // The memory was in there.
        try (Stream<Path> left = Files.walk(runtimes)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        for (Path each : List.of(runtimes.resolve("vmette-" + Files.getAttribute(runtimes, "unix:uid")), runtimes)) {
            Files.deleteIfExists(each);
        }
        assertThat(store.root().toFile().list()).allMatch(name -> !name.startsWith("."));
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        try {
            return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new CompletionException(e.getCause());
        }
    }

    private Machine booted() throws Exception {
        Machine machine = await(machines.begin(SPEC, "saved", vsock -> {}));
        await(machine.started());
        return machine;
    }

    private Machine restored(String snapshot) throws Exception {
        Machine machine = await(machines.restore(SPEC, "restored", snapshot, vsock -> {}));
        await(machine.started());
        return machine;
    }

    @Test
    void memoryAndProcessesGoOnInAnotherProcess() throws Exception {
        String marker = UUID.randomUUID().toString();
        Machine machine = booted();
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot();
        assertThat(agent.sh("echo " + marker + " > /tmp/marker; " + COUNTER)).isZero();
        assertThat(agent.sh("cat /tmp/count > /tmp/saved")).isZero();

        await(machine.save("golden", true, () -> {}));
        assertThat(await(machine.exited()).detail()).isEqualTo("ended on request");
        await(machine.close());

        Bundle bundle = store.open("golden");
        assertThat(bundle.manifest().memory().bytes()).isEqualTo(160L << 20);
        assertThat(bundle.allocated()).isLessThan(160L << 20);
        // Twice at once: none of them writes into the bundle.
        List<Machine> clones = List.of(restored("golden"), restored("golden"));
        for (Machine clone : clones) {
            RawAgent again = RawAgent.greet(clone.vsock(), 100);
            assertThat(again.sh("test $(cat /tmp/marker) = " + marker)).isZero();
            assertThat(again.sh(COUNTS)).isZero();
            assertThat(again.sh("dd if=/dev/urandom of=/tmp/waste bs=1M count=8"))
                    .isZero();
        }
        bundle.verify();
        for (Machine clone : clones) {
            await(clone.close());
        }
        assertThat(store.remove("golden")).isTrue();
    }

    @Test
    void aVmGoesOnAfterItWasSavedAndAClonesClone() throws Exception {
        Machine machine = booted();
        RawAgent agent = RawAgent.greet(machine.vsock(), 0);
        agent.boot();
        assertThat(agent.sh(COUNTER)).isZero();
        assertThat(agent.sh("cat /tmp/count > /tmp/saved; echo before > /tmp/word"))
                .isZero();
        await(machine.save("first", false, () -> {}));
        agent.awaitReset();
        RawAgent again = RawAgent.greet(machine.vsock(), 100);
        assertThat(again.sh(COUNTS)).isZero();
        assertThat(again.sh("echo after > /tmp/word")).isZero();
        assertThatThrownBy(() -> await(machine.save("first", false, () -> {})))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("already");
        assertThat(again.sh("true")).isZero();
        await(machine.close());

        Machine clone = restored("first");
        RawAgent cloned = RawAgent.greet(clone.vsock(), 100);
        assertThat(cloned.sh("test $(cat /tmp/word) = before")).isZero();
        assertThat(cloned.sh("echo third > /tmp/word")).isZero();
        await(clone.save("second", true, () -> {}));
        await(clone.close());
        Machine last = restored("second");
        RawAgent lastly = RawAgent.greet(last.vsock(), 200);
        assertThat(lastly.sh("test $(cat /tmp/word) = third")).isZero();
        assertThat(lastly.sh(COUNTS)).isZero();
        await(last.close());

        VmSpec larger = VmSpec.builder().memoryMib(192).build();
        assertThatThrownBy(() -> await(machines.restore(larger, "larger", "first", vsock -> {})))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("memory in MiB was 160 and is 192");
        try (var memory = java.nio.channels.FileChannel.open(
                store.open("first").memory(), java.nio.file.StandardOpenOption.WRITE)) {
            memory.write(java.nio.ByteBuffer.wrap(new byte[] {1, 2, 3}), 50 << 20);
        }
        assertThatThrownBy(() -> restored("first"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("memory differs from its checksum in MiB 50");
    }
}
