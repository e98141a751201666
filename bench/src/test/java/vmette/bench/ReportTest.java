package vmette.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final MachineDescription MACHINE =
            new MachineDescription(List.of(new MachineDescription.Entry("processor", "one")));

    private static Report report() {
        return new Report.Builder("launch")
                .spread("vmette", new Samples(1300, 1100, 1200), "ms")
                .row(Row.of("ratio", 1.0625, "").target(1.1))
                .row(Row.of("difference", 0.75, "s").target(0.6))
                .note("a note")
                .build(MACHINE);
    }

    @Test
    void theTableShowsFiguresTargetsAndVerdicts() {
        assertThat(Table.render(report()).lines())
                .containsExactly(
                        "launch",
                        "  processor            one",
                        "",
                        "  vmette, median of 3       1200 ms",
                        "  vmette, least             1100 ms",
                        "  vmette, most              1300 ms",
                        "  ratio                     1.06  (target: at most 1.10; met)",
                        "  difference               0.750 s  (target: at most 0.600 s; missed)",
                        "  a note");
    }

    @Test
    void aTargetIsMetUpToItself() {
        assertThat(Row.of("r", 1.1, "").target(1.1).isMet()).isTrue();
        assertThat(Row.of("r", Math.nextUp(1.1), "").target(1.1).isMet()).isFalse();
        assertThat(Row.of("r", 1e9, "").hasTarget()).isFalse();
    }

    @Test
    void aTargetMayBeALeastAndARowMayHaveARange() {
        Row row = Row.of("r", new Samples(1, 3, 2), "MB/s").atLeast(2);
        assertThat(row.isMet()).isTrue();
        assertThat(row.atLeast(2.5).isMet()).isFalse();
        Report one = new Report.Builder("b").runs(row, new Samples(1, 3, 2)).build(MACHINE);
        assertThat(Table.render(one)).contains("2 MB/s (1 to 3)  (target: at least 2 MB/s; met)");
        JsonNode json = one.toJson().path("rows").get(0);
        assertThat(json.path("atLeast").asDouble()).isEqualTo(2);
        assertThat(json.has("atMost")).isFalse();
        assertThat(json.path("range").asText()).isEqualTo("1 to 3");
    }

    @Test
    void aFigureIsFinite() {
        assertThatIllegalArgumentException().isThrownBy(() -> Row.of("r", 0.0 / 0, ""));
    }

    @Test
    void numbersShowAsManyPlacesAsTellSomething() {
        assertThat(List.of(3.0, 0.0, 12_345.6, 1234.4, 123.45, 12.345, 1.2345, 0.12345, -0.5))
                .extracting(Table::number)
                .containsExactly("3", "0", "12346", "1234", "123.5", "12.35", "1.23", "0.123", "-0.500");
    }

    @Test
    void theFileHoldsFiguresAndSingleRuns(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("report.json");
        report().writeTo(file);
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.path("benchmark").asText()).isEqualTo("launch");
        assertThat(json.path("machine").path("processor").asText()).isEqualTo("one");
        assertThat(json.path("samples").path("vmette").toString()).isEqualTo("[1300.0,1100.0,1200.0]");
        assertThat(json.path("rows")).hasSize(5);
        JsonNode ratio = json.path("rows").get(3);
        assertThat(ratio.path("value").asDouble()).isEqualTo(1.0625);
        assertThat(ratio.path("atMost").asDouble()).isEqualTo(1.1);
        assertThat(ratio.path("met").asBoolean()).isTrue();
        assertThat(json.path("rows").get(0).has("atMost")).isFalse();
        assertThat(json.path("notes").get(0).asText()).isEqualTo("a note");
    }
}
