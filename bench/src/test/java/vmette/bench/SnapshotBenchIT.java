package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** That the benchmarks of snapshots run and say what they should; never how fast anything is. */
class SnapshotBenchIT extends BenchRuns {
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
}
