package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That the benchmarks run and say what they should; never how fast anything is. */
class BenchIT {
    @TempDir
    private Path directory;

    private JsonNode run(String... arguments) throws IOException {
        Path file = directory.resolve("report.json");
        String[] all = Stream.concat(Stream.of(arguments), Stream.of("--json", file.toString()))
                .toArray(String[]::new);
        assertThat(Main.commandLine().execute(all)).isZero();
        return new ObjectMapper().readTree(file.toFile());
    }

    private static JsonNode row(JsonNode report, String name) {
        return StreamSupport.stream(report.path("rows").spliterator(), false)
                .filter(row -> row.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row \"" + name + "\" in " + report));
    }

    @Test
    void launchTimesBothSides() throws IOException {
        JsonNode report = run("launch", "--pairs", "1", "--warmup", "0");
        assertThat(report.path("samples").path("vmette")).hasSize(1);
        assertThat(report.path("samples").path("bare QEMU")).hasSize(1);
        double ours = report.path("samples").path("vmette").get(0).asDouble();
        double theirs = report.path("samples").path("bare QEMU").get(0).asDouble();
        assertThat(ours).isPositive();
        assertThat(theirs).isPositive();
        JsonNode ratio = row(report, "ratio of the medians");
        assertThat(ratio.path("value").asDouble()).isEqualTo(ours / theirs);
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(1.1);
        assertThat(report.path("machine").path("hypervisor").asText()).startsWith("QEMU ");
        assertThat(report.path("machine").path("guest").asText()).startsWith("Linux ");
    }

    @Test
    void soakCountsBootsAndFindsNothingLeft() throws IOException {
        JsonNode report = run("soak", "--boots", "2", "--parallel", "2");
        assertThat(row(report, "succeeded").path("value").asInt()).isEqualTo(2);
        for (String kind :
                new String[] {"failed", "processes left", "descriptors left", "files left", "threads left"}) {
            assertThat(row(report, kind).path("value").asInt()).as(kind).isZero();
        }
    }

    @Test
    void vsockMeasuresThroughputAllocationAndRoundTrips() throws IOException {
        JsonNode report = run("vsock", "--client", "channel", "--mib", "1", "--rounds", "1", "--pings", "10");
        String stream = "guest to host, 1 stream, 64 KiB";
        assertThat(row(report, stream + ": channel").path("value").asDouble()).isPositive();
        JsonNode heap = row(report, stream + ", heap allocated by the device loop: channel");
        assertThat(heap.path("value").asDouble()).isGreaterThanOrEqualTo(1);
        assertThat(heap.path("atMost").asDouble()).isEqualTo(1.07);
        assertThat(row(report, "both at once, 64 streams, 4 B: channel")
                        .path("value")
                        .asDouble())
                .isPositive();
        double median =
                row(report, "ping-pong, 64 B, p50: channel").path("value").asDouble();
        assertThat(median).isPositive();
        assertThat(row(report, "ping-pong, 64 B, p99: channel").path("value").asDouble())
                .isGreaterThanOrEqualTo(median);
        assertThat(row(report, "guest to host beside a stalled connection / alone: channel")
                        .path("atLeast")
                        .asDouble())
                .isEqualTo(0.8);
    }
}
