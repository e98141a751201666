package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That it is really VMs that fail and come back; never how many. */
class SupervisionCommandTest {
    private static final int VMS = 60;

    private static JsonNode row(JsonNode report, String name) {
        return StreamSupport.stream(report.path("rows").spliterator(), false)
                .filter(row -> row.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row \"" + name + "\" in " + report));
    }

    @Test
    void everyVmThatFailsIsRecoveredAndItsHeapCounted(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("report.json");
        int code = Main.commandLine()
                .execute("supervision", "--vms", Integer.toString(VMS), "--seconds", "1", "--json", file.toString());
        assertThat(code).isZero();
        JsonNode report = new ObjectMapper().readTree(file.toFile());
        assertThat(row(report, "VMs").path("value").asInt()).isEqualTo(VMS);
        int failures = row(report, "failures").path("value").asInt();
        assertThat(failures).isPositive();
        assertThat(row(report, "recoveries").path("value").asInt()).isEqualTo(failures);
        assertThat(row(report, "VMs that answer afterwards").path("value").asInt())
                .isEqualTo(VMS);
        JsonNode rate = row(report, "failures per second, each recovered");
        assertThat(rate.path("value").asDouble()).isPositive().isLessThanOrEqualTo(failures);
        assertThat(rate.path("atLeast").asDouble()).isEqualTo(1000);
        // What else this JVM does with its heap meanwhile is more than so few VMs take.
        assertThat(row(report, "live heap per VM").path("value").isDouble()).isTrue();
        assertThat(row(report, "live heap per VM").path("atMost").asDouble()).isEqualTo(8);
    }

    @Test
    void noVmsAreRefused() {
        assertThat(Main.commandLine().execute("supervision", "--vms", "0")).isEqualTo(1);
    }
}
