package vmette.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.Vmette;

/** Who asks for no meters loads no class of Micrometer's, and so with all that a single VM does without: a start must not get slower by it. */
class NotLoadedTest {
    @TempDir
    private Path directory;

    private List<String> loaded(int port) throws Exception {
        return all(port)
                .lines()
                .filter(line -> line.contains(" io.micrometer."))
                .toList();
    }

    private String all(int port) throws Exception {
        Path output = directory.resolve("output-" + port);
        Process java = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xlog:class+load",
                        "-Dvmette.metrics.port=" + port,
                        "-cp",
                        System.getProperty("java.class.path"),
                        OnlyARuntime.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(java.waitFor(100, TimeUnit.SECONDS)).isTrue();
        } finally {
            java.destroyForcibly();
        }
        String all = Files.readString(output, StandardCharsets.ISO_8859_1);
        assertThat(all).contains("VMs: 1").contains("vmette.Vmette ");
        return all;
    }

    @Test
    void withoutMetersNothingIs() throws Exception {
        assertThat(loaded(-1)).isEmpty();
        // What is looked for is found where it has to be.
        assertThat(loaded(0)).isNotEmpty();
    }

    @Test
    void aVmAloneNeedsNoFleetAndNoControlSocket() throws Exception {
        assertThat(all(-1))
                .doesNotContain(
                        " vmette.control.ControlServer ",
                        " vmette.control.ControlCodec ",
                        " vmette.actors.FleetActor ",
                        " vmette.config.fleet.",
                        // what makes the hash of a record
                        " java.lang.runtime.ObjectMethods ",
                        " vmette.rootfs.providers.");
    }

    /** Each of them costs a cold JVM a millisecond or more when it is first passed. */
    @Test
    void noStringIsJoinedByABootstrapMethod() throws Exception {
        try (InputStream main = Vmette.class.getResourceAsStream("Vmette.class")) {
            assertThat(new String(main.readAllBytes(), StandardCharsets.ISO_8859_1))
                    .contains("the runtime is closed")
                    .doesNotContain("makeConcatWithConstants");
        }
    }
}
