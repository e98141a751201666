package vmette.bench;

import java.time.Duration;

/** What a connection keeps of its rate while another of the same VM is blocked, because nobody reads it. */
final class StalledNeighbour {
    static final String NAME = "guest to host beside a stalled connection";

    private static final double TARGET = 0.8;
    private static final Duration TO_FILL = Duration.ofMillis(500);

    private StalledNeighbour() {}

    static void measure(ChannelClient client, int mib, int rounds, Report.Builder report) {
        System.err.println("bench: " + NAME);
        TrafficOrder order = new TrafficOrder(TrafficOrder.Mode.FROM_GUEST, TrafficOrder.LARGEST, (long) mib << 20);
        double[] ratios = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            double alone = client.transfer(order, 1);
            Runnable reset = client.stall(order);
            Await.pause(TO_FILL);
            double beside = client.transfer(order, 1);
            reset.run();
            ratios[i] = alone / beside;
        }
        Samples samples = new Samples(ratios);
        report.runs(Row.of(NAME + " / alone: channel", samples, "").atLeast(TARGET), samples);
    }
}
