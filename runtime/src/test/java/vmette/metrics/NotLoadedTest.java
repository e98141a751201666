package vmette.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who asks for no meters loads no class of Micrometer's: a start must not get slower by them. */
class NotLoadedTest {
    @TempDir
    private Path directory;

    private List<String> loaded(int port) throws Exception {
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
        return all.lines().filter(line -> line.contains(" io.micrometer.")).toList();
    }

    @Test
    void withoutMetersNothingIs() throws Exception {
        assertThat(loaded(-1)).isEmpty();
        // What is looked for is found where it has to be.
        assertThat(loaded(0)).isNotEmpty();
    }
}
