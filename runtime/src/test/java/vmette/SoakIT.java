package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/**
 * Boots VMs one after the other and several at a time, and looks for what they leave. {@code -Dvmette.soak=100} boots that many of
 * each; else a few.
 */
class SoakIT {
    private static final int BOOTS = Integer.getInteger("vmette.soak", 4);
    private static final int AT_A_TIME = 8;

    private Path runtimeDir;
    private Vmette vmette;

    @BeforeEach
    void create() throws IOException {
        runtimeDir = Files.createTempDirectory("vmt");
        vmette = Vmette.create(
                RuntimeSettings.from(ConfigFactory.parseMap(Map.of("vmette.runtime-dir", runtimeDir.toString()))
                        .withFallback(ConfigFactory.load())));
        // Everything that is made once per runtime is there before anything is counted.
        bootAndStop(1);
    }

    @AfterEach
    void close() throws IOException {
        vmette.close();
        try (Stream<Path> left = Files.walk(runtimeDir)) {
            assertThat(left.filter(Files::isRegularFile)).isEmpty();
        }
        assertThat(processes()).isEmpty();
        try (Stream<Path> left = Files.walk(runtimeDir)) {
            for (Path path : left.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    void oneAfterTheOther() throws IOException {
        long before = descriptors();
        for (int i = 0; i < BOOTS; i++) {
            bootAndStop(1);
        }
        assertNothingLeft(before);
    }

    @Test
    void eightAtATime() throws IOException {
        long before = descriptors();
        for (int left = BOOTS; left > 0; left -= AT_A_TIME) {
            bootAndStop(Math.min(left, AT_A_TIME));
        }
        assertNothingLeft(before);
    }

    private void bootAndStop(int count) {
        List<CompletionStage<VmHandle>> launches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            launches.add(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        }
        for (CompletionStage<VmHandle> launch : launches) {
            VmHandle vm = await(launch);
            assertThat(Guests.sh(vmette, vm, "echo alive; exit 5"))
                    .isEqualTo(new Guests.Result(new ExitStatus(ExitStatus.Kind.EXITED, 5), "alive\n", ""));
        }
        for (CompletionStage<VmHandle> launch : launches) {
            assertThat(await(await(launch).stop()).how()).isEqualTo(VmEnd.How.STOPPED);
        }
    }

    /** The runtime is still open: only what is a VM's must be gone, and it is gone when stop() says so. */
    private void assertNothingLeft(long descriptorsBefore) throws IOException {
        assertThat(processes().stream().filter(line -> line.contains("qemu"))).isEmpty();
        try (Stream<Path> left = Files.walk(runtimeDir, 3)) {
            assertThat(left.filter(path -> path.toString().endsWith(".sock"))).isEmpty();
        }
        assertThat(descriptors()).isLessThanOrEqualTo(descriptorsBefore);
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    /** Every process whose command line names our runtime directory. */
    private List<String> processes() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path process : all.filter(
                            path -> path.getFileName().toString().chars().allMatch(Character::isDigit))
                    .toList()) {
                String line = commandLine(process);
                if (line.contains(runtimeDir.toString())) {
                    found.add(line);
                }
            }
        }
        return found;
    }

    private static String commandLine(Path process) {
        try {
            return Files.readString(process.resolve("cmdline")).replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }
}
