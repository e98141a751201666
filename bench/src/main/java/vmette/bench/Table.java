package vmette.bench;

import java.util.List;
import java.util.Locale;

/** Lays a report out for a terminal. */
final class Table {
    private static final double WHOLE_FROM = 1000;
    private static final double ONE_PLACE_FROM = 100;

    private Table() {}

    static String render(Report report) {
        StringBuilder text = new StringBuilder();
        text.append(report.benchmark()).append('\n');
        int width = Math.max(
                widest(report.machine().entries().stream()
                        .map(MachineDescription.Entry::name)
                        .toList()),
                widest(report.rows().stream().map(Row::name).toList()));
        report.machine().entries().forEach(entry -> line(text, width, entry.name(), entry.value()));
        text.append('\n');
        report.rows().forEach(row -> line(text, width, row.name(), value(row)));
        report.notes().forEach(note -> text.append("  ").append(note).append('\n'));
        return text.toString();
    }

    private static int widest(List<String> names) {
        return names.stream().mapToInt(String::length).max().orElse(0);
    }

    private static void line(StringBuilder text, int width, String name, String value) {
        text.append("  ").append(name).append(" ".repeat(width - name.length() + 2));
        text.append(value).append('\n');
    }

    private static String value(Row row) {
        String figure = String.format("%9s", number(row.value()));
        String unit = row.unit().isEmpty() ? "" : " " + row.unit();
        String range = row.range().isEmpty() ? "" : " (" + row.range() + ")";
        if (!row.hasTarget()) {
            return figure + unit + range;
        }
        boolean most = Double.isFinite(row.atMost());
        return figure + unit + range + "  (target: at " + (most ? "most " : "least ")
                + number(most ? row.atMost() : row.atLeast()) + unit + "; " + (row.isMet() ? "met" : "missed") + ")";
    }

    /** As many places as tell something: whole numbers as such, the rest with about three digits. */
    static String number(double value) {
        double size = Math.abs(value);
        if (value == Math.rint(value) || size >= WHOLE_FROM) {
            return String.format(Locale.ROOT, "%.0f", value);
        }
        return String.format(Locale.ROOT, size >= ONE_PLACE_FROM ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
    }
}
