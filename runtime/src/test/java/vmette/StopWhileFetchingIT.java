package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.actors.VmEnd;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.VmetteIoException;
import vmette.machine.QemuMachines;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** VMs whose roots are fetched for ever. It takes QEMU, and no VM boots. */
class StopWhileFetchingIT {
    @TempDir
    private Path directory;

    private final BlockingQueue<Thread> fetching = new LinkedBlockingQueue<>();
    private final CompletableFuture<Boolean> interrupted = new CompletableFuture<>();

    private final class Endless implements RootfsProvider {
        @Override
        public String name() {
            return "endless";
        }

        @Override
        public String description() {
            return "takes everything, and never has it";
        }

        @Override
        public boolean accepts(String spec) {
            return true;
        }

        @Override
        public RootfsArtifact resolve(RootfsRequest request) {
            fetching.add(Thread.currentThread());
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.complete(true);
            }
            throw new VmetteIoException("interrupted", null);
        }
    }

    @Test
    void aStopEndsTheFetchingAndNothingIsLeft() throws Exception {
        Path runtime = Files.createTempDirectory(Path.of("/tmp"), "vmf");
        RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.parseString(
                        "vmette.runtime-dir = \"" + runtime + "\"\n" + "vmette.cache-dir = \"" + directory + "\"")
                .withFallback(ConfigFactory.load()));
        try (Vmette vmette =
                Vmette.create(settings, new QemuMachines(settings, line -> {}, () -> List.of(new Endless())))) {
            vmette.launch(VmSpec.builder().name("one").rootfs("anything").build());
            assertThat(fetching.poll(Guests.DEADLINE_SECONDS, TimeUnit.SECONDS)).isNotNull();
            VmHandle vm = vmette.find("one").orElseThrow();
            assertThat(await(vm.stop()).how()).isEqualTo(VmEnd.How.STOPPED);
            assertThat(await(interrupted)).isTrue();
            assertThat(vmette.admission().starting()).isZero();
            try (var left = Files.walk(runtime)) {
                assertThat(left.filter(path -> path.getFileName().toString().contains("one")))
                        .isEmpty();
            }
        }
        // The directory of the user's runtimes stays, empty.
        try (var left = Files.list(runtime)) {
            for (Path empty : left.toList()) {
                Files.delete(empty);
            }
        }
        Files.delete(runtime);
    }
}
