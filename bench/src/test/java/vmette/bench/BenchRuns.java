package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.io.TempDir;

/** Runs benchmarks, and reads what they say. */
abstract class BenchRuns {
    @TempDir
    private Path directory;

    JsonNode run(String... arguments) throws IOException {
        Path file = directory.resolve("report.json");
        String[] all = Stream.concat(Stream.of(arguments), Stream.of("--json", file.toString()))
                .toArray(String[]::new);
        assertThat(Main.commandLine().execute(all)).isZero();
        return new ObjectMapper().readTree(file.toFile());
    }

    static JsonNode row(JsonNode report, String name) {
        return StreamSupport.stream(report.path("rows").spliterator(), false)
                .filter(row -> row.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row \"" + name + "\" in " + report));
    }

    static double value(JsonNode report, String name) {
        return row(report, name).path("value").asDouble();
    }

    static List<Double> samples(JsonNode report, String name) {
        return StreamSupport.stream(report.path("samples").path(name).spliterator(), false)
                .map(JsonNode::asDouble)
                .toList();
    }
}
