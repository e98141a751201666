package vmette.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a benchmark found.
 *
 * @param benchmark its name
 * @param at when it was over
 * @param machine on what
 * @param rows the figures
 * @param samples the single runs behind them, by name
 * @param notes for people
 */
record Report(
        String benchmark,
        Instant at,
        MachineDescription machine,
        List<Row> rows,
        Map<String, Samples> samples,
        List<String> notes) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Collects a report. */
    static final class Builder {
        private final String benchmark;
        private final List<Row> rows = new ArrayList<>();
        private final Map<String, Samples> samples = new LinkedHashMap<>();
        private final List<String> notes = new ArrayList<>();

        Builder(String benchmark) {
            this.benchmark = benchmark;
        }

        Builder row(Row row) {
            rows.add(row);
            return this;
        }

        /** Median, least and most as rows, and the runs themselves. */
        Builder spread(String name, Samples runs, String unit) {
            rows.add(Row.of(name + ", median of " + runs.values().length, runs.median(), unit));
            rows.add(Row.of(name + ", least", runs.min(), unit));
            rows.add(Row.of(name + ", most", runs.max(), unit));
            samples.put(name, runs);
            return this;
        }

        /** Median and range as one row, and the runs themselves. */
        Builder runs(Row row, Samples runs) {
            samples.put(row.name(), runs);
            return row(row);
        }

        Builder note(String text) {
            notes.add(text);
            return this;
        }

        Report build(MachineDescription machine) {
            Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
            return new Report(
                    benchmark, now, machine, List.copyOf(rows), new LinkedHashMap<>(samples), List.copyOf(notes));
        }
    }

    ObjectNode toJson() {
        JsonNodeFactory make = JsonNodeFactory.instance;
        ObjectNode root = make.objectNode();
        root.put("benchmark", benchmark);
        root.put("at", at.toString());
        ObjectNode host = root.putObject("machine");
        machine.entries().forEach(entry -> host.put(entry.name(), entry.value()));
        ArrayNode figures = root.putArray("rows");
        for (Row row : rows) {
            ObjectNode figure = figures.addObject();
            figure.put("name", row.name());
            figure.put("value", row.value());
            figure.put("unit", row.unit());
            if (!row.range().isEmpty()) {
                figure.put("range", row.range());
            }
            if (row.hasTarget()) {
                if (Double.isFinite(row.atMost())) {
                    figure.put("atMost", row.atMost());
                } else {
                    figure.put("atLeast", row.atLeast());
                }
                figure.put("met", row.isMet());
            }
        }
        ObjectNode runs = root.putObject("samples");
        samples.forEach((name, values) -> {
            ArrayNode list = runs.putArray(name);
            for (double value : values.values()) {
                list.add(value);
            }
        });
        ArrayNode remarks = root.putArray("notes");
        notes.forEach(remarks::add);
        return root;
    }

    void writeTo(Path file) throws IOException {
        Files.writeString(
                file, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(toJson()) + System.lineSeparator());
    }
}
