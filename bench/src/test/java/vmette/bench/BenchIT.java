package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** That the benchmarks run and say what they should; never how fast anything is. */
class BenchIT extends BenchRuns {
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
    void capiPairsRunsOfTwoProcesses() throws IOException {
        JsonNode report = run("capi", "--pairs", "1", "--later", "1", "--dist", "../runtime/target/dist");
        double ours = value(report, "later runs, C, median of 1");
        double theirs = value(report, "later runs, Java, median of 1");
        List<Double> refused = samples(report, "later runs that are refused, C: what the way to Java and back takes");
        assertThat(List.of(value(report, "first run, C, median of 1"), ours, theirs))
                .doesNotHaveDuplicates()
                .allMatch(millis -> millis > 0);
        JsonNode difference = row(report, "later runs: C less Java, median of pairs");
        assertThat(difference.path("value").asDouble()).isEqualTo(ours - theirs);
        assertThat(difference.path("atMost").asDouble()).isEqualTo(20);
        assertThat(refused).hasSize(200).allMatch(millis -> millis > 0 && millis < ours);
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
