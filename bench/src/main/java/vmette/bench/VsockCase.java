package vmette.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One thing measured through every client. */
sealed interface VsockCase {
    String name();

    /** What came out: quantities in the order in which they are shown, the first being what clients are compared by. */
    Map<Quantity, Double> run(TrafficClient client);

    /**
     * What a figure is of.
     *
     * @param suffix of its name, empty for the case itself
     */
    record Quantity(String suffix, String unit) {}

    /**
     * Bytes over a number of connections.
     *
     * @param order of each connection
     */
    record Throughput(String name, TrafficOrder order, int streams) implements VsockCase {
        private static final Quantity RATE = new Quantity("", "MB/s");
        private static final Quantity JVM = new Quantity(", CPU of the JVM", "ms/MB");
        private static final Quantity CHILDREN = new Quantity(", CPU of QEMU and back-end", "ms/MB");
        private static final Quantity HEAP = new Quantity(", heap allocated by the device loop", "B/B");

        @Override
        public Map<Quantity, Double> run(TrafficClient client) {
            int ways = order.mode() == TrafficOrder.Mode.BOTH ? 2 : 1;
            double bytes = (double) order.bytes() * streams * ways;
            long own = HostUse.cpuNanos();
            double others = HostUse.childrensCpuMillis();
            long heap = HostUse.allocatedBytes(TrafficVms.LOOP);
            long nanos = client.transfer(order, streams);
            Map<Quantity, Double> figures = new LinkedHashMap<>();
            figures.put(RATE, bytes * 1e3 / nanos);
            if (streams == 1 && order.writeSize() == TrafficOrder.LARGEST) {
                figures.put(JVM, (HostUse.cpuNanos() - own) / bytes);
                figures.put(CHILDREN, (HostUse.childrensCpuMillis() - others) / bytes * 1e6);
                if (!(client instanceof SocketClient)) {
                    figures.put(HEAP, (HostUse.allocatedBytes(TrafficVms.LOOP) - heap) / bytes);
                }
            }
            return figures;
        }
    }

    /** A small message there and back. */
    record PingPong(int rounds) implements VsockCase {
        private static final int SIZE = 64;
        private static final Quantity MEDIAN = new Quantity(", p50", "us");
        private static final Quantity TAIL = new Quantity(", p99", "us");

        @Override
        public String name() {
            return "ping-pong, " + SIZE + " B";
        }

        @Override
        public Map<Quantity, Double> run(TrafficClient client) {
            long[] nanos = client.pingPong(SIZE, rounds);
            Arrays.sort(nanos);
            Map<Quantity, Double> figures = new LinkedHashMap<>();
            figures.put(MEDIAN, nanos[rounds / 2] / 1e3);
            figures.put(TAIL, nanos[rounds * 99 / 100] / 1e3);
            return figures;
        }
    }

    /** All of them; {@code mib} is what one transfer of 64 KiB writes comes to. */
    static List<VsockCase> all(int mib, int pings) {
        List<VsockCase> cases = new ArrayList<>();
        for (TrafficOrder.Mode mode :
                List.of(TrafficOrder.Mode.FROM_GUEST, TrafficOrder.Mode.TO_GUEST, TrafficOrder.Mode.BOTH)) {
            for (int streams : new int[] {1, 64}) {
                cases.add(throughput(mode, streams, 64 << 10, "64 KiB", (long) mib << 20));
                cases.add(throughput(mode, streams, 4 << 10, "4 KiB", (long) mib << 18));
                cases.add(throughput(mode, streams, 4, "4 B", (long) mib << 11));
            }
        }
        cases.add(new PingPong(pings));
        return cases;
    }

    private static Throughput throughput(TrafficOrder.Mode mode, int streams, int size, String write, long total) {
        String name = mode.label() + ", " + streams + (streams == 1 ? " stream, " : " streams, ") + write;
        long each = Math.max(size, total / streams / size * size);
        return new Throughput(name, new TrafficOrder(mode, size, each), streams);
    }
}
