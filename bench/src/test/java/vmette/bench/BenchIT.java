package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

    private static double value(JsonNode report, String name) {
        return row(report, name).path("value").asDouble();
    }

    private static List<Double> samples(JsonNode report, String name) {
        return StreamSupport.stream(report.path("samples").path(name).spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
    }

    @Test
    void recoverTimesBothSides() throws IOException {
        JsonNode report = run("recover", "--pairs", "2", "--warmup", "0");
        List<Double> recoveries = samples(report, "recovery after kill -9");
        List<Double> launches = samples(report, "launch");
        assertThat(recoveries).hasSize(2);
        assertThat(launches).hasSize(2);
        assertThat(Stream.concat(recoveries.stream(), launches.stream()).toList())
                .doesNotHaveDuplicates()
                .allMatch(millis -> millis > 0);
        assertThat(row(report, "ratio of the medians").path("atMost").asDouble())
                .isEqualTo(1.15);
        assertThat(samples(report, "recovery from the golden snapshot")).hasSize(2);
        assertThat(samples(report, "restore")).hasSize(2);
        double golden = value(report, "recovery from the golden snapshot, median of 2");
        JsonNode ratio = row(report, "ratio of the medians, recovery from the golden snapshot / restore");
        assertThat(ratio.path("value").asDouble()).isEqualTo(golden / value(report, "restore, median of 2"));
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(1.2);
    }

    @Test
    void restoreTimesItselfABootAndWhereTheTimeGoes() throws IOException {
        JsonNode report = run("restore", "--pairs", "1", "--warmup", "0", "--trace", "1");
        double restore = value(report, "restore, median of 1");
        JsonNode ratio = row(report, "ratio of the medians, restore / cold boot");
        assertThat(ratio.path("value").asDouble()).isEqualTo(restore / value(report, "cold boot, median of 1"));
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(0.15);
        assertThat(value(report, "RESTORE until RESTORED")).isPositive();
        double ready = value(report, "at: the agent is ready");
        assertThat(ready).isPositive();
        assertThat(value(report, "at: its first byte is at the sink")).isGreaterThan(ready);
    }

    @Test
    void clonesAnswerAndTheirMemoryIsCounted() throws IOException {
        JsonNode report = run("clones", "2", "--settle", "0");
        assertThat(value(report, "clones that answer")).isEqualTo(2);
        assertThat(value(report, "running per second")).isPositive();
        assertThat(value(report, "Ready per second")).isPositive();
        double all = value(report, "private memory of an idle clone");
        assertThat(all).isGreaterThan(value(report, "    of it the guest's memory"));
        assertThat(value(report, "    of it the guest's memory")).isPositive();
        assertThat(row(report, "private memory of an idle clone").path("atMost").asDouble())
                .isEqualTo(25);
    }

    @Test
    void poolTimesAcquiringAndCommands() throws IOException {
        JsonNode report = run("pool", "--vms", "2", "--rounds", "1");
        assertThat(samples(report, "acquire, p50")).hasSize(2).allMatch(millis -> millis > 0);
        double ours = value(report, "first byte in an acquired VM, median of 2");
        assertThat(row(report, "ratio of the medians").path("value").asDouble())
                .isEqualTo(ours / value(report, "first byte in a VM long up, median of 2"));
        assertThat(row(report, "acquire, p99").path("atMost").asDouble()).isEqualTo(10);
    }

    @Test
    void launchTimesBothSides() throws IOException {
        long begun = System.nanoTime();
        JsonNode report = run("launch", "--pairs", "2", "--warmup", "0");
        double elapsed = (System.nanoTime() - begun) / 1e6;
        List<Double> ours = samples(report, "vmette");
        List<Double> theirs = samples(report, "bare QEMU");
        assertThat(ours).hasSize(2);
        assertThat(theirs).hasSize(2);
        // Times that were really taken are never the same twice, and go one after the other into the time of it all.
        List<Double> all = Stream.concat(ours.stream(), theirs.stream()).toList();
        assertThat(all).doesNotHaveDuplicates().allMatch(millis -> millis > 0);
        assertThat(all.stream().mapToDouble(Double::doubleValue).sum()).isLessThan(elapsed);
        double median = value(report, "vmette, median of 2");
        double theirMedian = value(report, "bare QEMU, median of 2");
        assertThat(median).isEqualTo((ours.get(0) + ours.get(1)) / 2);
        assertThat(theirMedian).isEqualTo((theirs.get(0) + theirs.get(1)) / 2);
        JsonNode ratio = row(report, "ratio of the medians");
        assertThat(ratio.path("value").asDouble()).isEqualTo(median / theirMedian);
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(1.1);
        assertThat(report.path("machine").path("hypervisor").asText()).startsWith("QEMU ");
        assertThat(report.path("machine").path("guest").asText()).startsWith("Linux ");
    }

    @Test
    void rootfsTimesThreeRootsAndCountsWhatTwoVmsShare() throws IOException {
        JsonNode report = run("rootfs", "--rounds", "1", "--warmup", "0", "--mib", "4", "--files", "120");
        double none = value(report, "initramfs, median of 1");
        double image = value(report, "cached image, median of 1");
        double directory = value(report, "directory, median of 1");
        assertThat(List.of(none, image, directory)).doesNotHaveDuplicates().allMatch(millis -> millis > 0);
        JsonNode ratio = row(report, "ratio of the medians, cached image");
        assertThat(ratio.path("value").asDouble()).isEqualTo(image / none);
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(1.15);
        assertThat(row(report, "ratio of the medians, directory").path("atMost").asDouble())
                .isEqualTo(1.3);
        // Busybox and what no compression makes less.
        assertThat(value(report, "size of the image")).isBetween(4.0, 8.0);
        // All of it was there already.
        assertThat(value(report, "page cache that a second VM added / image")).isLessThanOrEqualTo(0.1);
        assertThat(row(report, "private memory that a second VM added / image")
                        .path("atMost")
                        .asDouble())
                .isEqualTo(0.1);
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
        // One for each of the cases, and no two rates that were measured are the same.
        List<Double> rates = StreamSupport.stream(report.path("rows").spliterator(), false)
                .filter(row -> row.path("unit").asText().equals("MB/s"))
                .map(row -> row.path("value").asDouble())
                .toList();
        assertThat(rates).hasSize(18).doesNotHaveDuplicates().allMatch(rate -> rate > 0);
        String stream = "guest to host, 1 stream, 64 KiB";
        assertThat(value(report, stream + ": channel")).isPositive();
        assertThat(value(report, "both at once, 64 streams, 4 B: channel")).isPositive();
        JsonNode heap = row(report, stream + ", heap allocated by the device loop: channel");
        assertThat(heap.path("value").asDouble()).isGreaterThanOrEqualTo(1);
        assertThat(heap.path("atMost").asDouble()).isEqualTo(1.07);
        double median = value(report, "ping-pong, 64 B, p50: channel");
        assertThat(median).isPositive();
        assertThat(value(report, "ping-pong, 64 B, p99: channel")).isGreaterThan(median);
        JsonNode stalled = row(report, "guest to host beside a stalled connection / alone: channel");
        assertThat(stalled.path("value").asDouble()).isPositive();
        assertThat(stalled.path("atLeast").asDouble()).isEqualTo(0.8);
    }
}
