package vmette.bench;

import akka.actor.ActorSystem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.stream.Vsock;
import vmette.vsock.VsockHost;

/** Our vsock device, by channel and by stage, beside vhost-device-vsock. */
@Command(
        name = "vsock",
        description = "Throughput and round trips of the vsock device, beside vhost-device-vsock in the same guest.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class VsockCommand implements Callable<Integer> {
    @Mixin
    private ReportOptions output;

    @Option(names = "--mib", paramLabel = "N", description = "MiB of one transfer of 64 KiB writes. Default: ${DEFAULT-VALUE}.")
    private int mib = 128;

    @Option(names = "--rounds", paramLabel = "N", description = "Timed rounds. Default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Option(names = "--pings", paramLabel = "N", description = "Round trips of one round. Default: ${DEFAULT-VALUE}.")
    private int pings = 2000;

    @Option(names = "--only", paramLabel = "TEXT", description = "Only cases whose name contains this, \"64 KiB\" say.")
    private String only = "";

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--mib", mib, 1);
        Counts.requireAtLeast("--rounds", rounds, 1);
        Counts.requireAtLeast("--pings", pings, 10);
        Optional<PeerBackend> peer = PeerBackend.find();
        ActorSystem system = ActorSystem.create("bench");
        try (TrafficVms vms = new TrafficVms(RuntimeSettings.load())) {
            VsockHost host = vms.bootOurs();
            List<TrafficClient> clients = new ArrayList<>();
            clients.add(new ChannelClient(host));
            clients.add(new StageClient(new Vsock(host, 16, Duration.ofSeconds(60)), system));
            peer.ifPresent(backend -> clients.add(vms.bootPeer(backend)));
            for (VsockCase one : VsockCase.all(mib, pings)) {
                if (one.name().contains(only)) {
                    measure(one, clients);
                }
            }
        } finally {
            system.terminate();
        }
        return 0;
    }

    private void measure(VsockCase one, List<TrafficClient> clients) {
        Map<String, List<Double>> samples = new LinkedHashMap<>();
        for (int round = -1; round < rounds; round++) {
            List<TrafficClient> order = new ArrayList<>(clients);
            Collections.rotate(order, round);
            for (TrafficClient client : order) {
                Map<String, Double> figures = one.run(client);
                if (round >= 0) {
                    figures.forEach((name, value) -> samples.computeIfAbsent(client.name() + name, k -> new ArrayList<>()).add(value));
                }
            }
        }
        samples.forEach((name, values) -> System.out.println(one.name() + " | " + name + " " + values));
    }
}
