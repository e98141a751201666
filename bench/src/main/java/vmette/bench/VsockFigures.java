package vmette.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The runs of one {@link VsockCase} by client, and the rows they make. Compared is what was measured in the same round. */
final class VsockFigures {
    /**
     * What a client should come to beside vhost-device-vsock.
     *
     * @param atLeast whether more is better
     */
    private record Target(String name, String client, double ratio, boolean atLeast) {}

    private static final List<Target> TARGETS = List.of(
            new Target("guest to host, 1 stream, 64 KiB", "channel", 1.6, true),
            new Target("host to guest, 1 stream, 64 KiB", "channel", 1.3, true),
            new Target("guest to host, 64 streams, 64 KiB", "channel", 1.3, true),
            new Target("host to guest, 64 streams, 64 KiB", "channel", 1.3, true),
            new Target("ping-pong, 64 B, p50", "channel", 0.8, false),
            new Target("ping-pong, 64 B, p50", "stage", 1.1, false));

    /** Payload arrays, their headers and what a packet costs besides. */
    private static final double HEAP_PER_BYTE = 1.07;

    private final String name;
    private final Map<VsockCase.Quantity, Map<String, List<Double>>> runs = new LinkedHashMap<>();

    VsockFigures(String name) {
        this.name = name;
    }

    void add(TrafficClient client, Map<VsockCase.Quantity, Double> figures) {
        figures.forEach((quantity, value) -> runs.computeIfAbsent(quantity, any -> new LinkedHashMap<>())
                .computeIfAbsent(client.name(), any -> new ArrayList<>())
                .add(value));
    }

    void writeTo(Report.Builder report) {
        runs.forEach((quantity, byClient) -> {
            String what = name + quantity.suffix();
            byClient.forEach((client, values) -> {
                Samples samples = samples(values);
                Row row = Row.of(what + ": " + client, samples, quantity.unit());
                boolean limited =
                        what.startsWith("guest to host") && quantity.unit().equals("B/B");
                report.runs(limited && client.equals("channel") ? row.target(HEAP_PER_BYTE) : row, samples);
            });
            if (quantity.suffix().isEmpty() || quantity.unit().equals("us")) {
                compare(report, what, byClient);
            }
        });
    }

    private static void compare(Report.Builder report, String what, Map<String, List<Double>> byClient) {
        List<Double> theirs = byClient.get(PeerBackend.NAME);
        if (theirs == null) {
            return;
        }
        byClient.forEach((client, ours) -> {
            if (ours != theirs) {
                List<Double> ratios = new ArrayList<>();
                for (int i = 0; i < ours.size(); i++) {
                    ratios.add(ours.get(i) / theirs.get(i));
                }
                Samples samples = samples(ratios);
                Row row = Row.of(what + ": " + client + " / " + PeerBackend.NAME, samples, "");
                report.runs(withTarget(row, what, client), samples);
            }
        });
    }

    private static Row withTarget(Row row, String what, String client) {
        for (Target target : TARGETS) {
            if (target.name().equals(what) && target.client().equals(client)) {
                return target.atLeast() ? row.atLeast(target.ratio()) : row.target(target.ratio());
            }
        }
        return row;
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
