package vmette.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** One thing measured through every client. */
interface VsockCase {
    String name();

    String unit();

    /** What came out, by a suffix for the client's name; empty for the only figure. */
    Map<String, Double> run(TrafficClient client);

    /** Bytes over a number of connections. */
    record Throughput(String name, TrafficOrder order, int streams) implements VsockCase {
        @Override
        public String unit() {
            return "MB/s";
        }

        @Override
        public Map<String, Double> run(TrafficClient client) {
            long nanos = client.transfer(order, streams);
            int ways = order.mode() == TrafficOrder.Mode.BOTH ? 2 : 1;
            return Map.of("", order.bytes() * streams * ways * 1e3 / nanos);
        }
    }

    /** A small message there and back. */
    record PingPong(int rounds) implements VsockCase {
        private static final int SIZE = 64;

        @Override
        public String name() {
            return "ping-pong of 64 bytes";
        }

        @Override
        public String unit() {
            return "us";
        }

        @Override
        public Map<String, Double> run(TrafficClient client) {
            long[] nanos = client.pingPong(SIZE, rounds);
            Arrays.sort(nanos);
            return Map.of(" p50", nanos[rounds / 2] / 1e3, " p99", nanos[rounds * 99 / 100] / 1e3);
        }
    }

    /** All of them. */
    static List<VsockCase> all(int mib, int pings) {
        List<VsockCase> cases = new ArrayList<>();
        for (TrafficOrder.Mode mode : new TrafficOrder.Mode[] {
            TrafficOrder.Mode.FROM_GUEST, TrafficOrder.Mode.TO_GUEST, TrafficOrder.Mode.BOTH
        }) {
            for (int streams : new int[] {1, 64}) {
                for (int size : new int[] {64 * 1024, 4096, 4}) {
                    String write = size == 4 ? "4 B" : size / 1024 + " KiB";
                    String name = mode.label() + ", " + streams + (streams == 1 ? " stream, " : " streams, ") + write;
                    long total = size == 4 ? mib * 2048L : size == 4096 ? mib * (256L << 10) : (long) mib << 20;
                    long each = Math.max(size, total / streams / size * size);
                    cases.add(new Throughput(name, new TrafficOrder(mode, size, each), streams));
                }
            }
        }
        cases.add(new PingPong(pings));
        return cases;
    }
}
