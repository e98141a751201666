package vmette.bench;

import akka.actor.ActorSystem;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
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

    @Option(
            names = "--mib",
            paramLabel = "N",
            description = "MiB of one transfer of 64 KiB writes. Default: ${DEFAULT-VALUE}.")
    private int mib = 128;

    @Option(names = "--rounds", paramLabel = "N", description = "Timed rounds. Default: ${DEFAULT-VALUE}.")
    private int rounds = 5;

    @Option(names = "--pings", paramLabel = "N", description = "Round trips of one round. Default: ${DEFAULT-VALUE}.")
    private int pings = 2000;

    @Option(names = "--only", paramLabel = "TEXT", description = "Only cases whose name contains this, \"64 KiB\" say.")
    private String only = "";

    @Option(
            names = "--client",
            paramLabel = "NAME",
            description = "Only channel, stage or vhost-device-vsock: to profile it.")
    private String client = "";

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--mib", mib, 1);
        Counts.requireAtLeast("--rounds", rounds, 1);
        Counts.requireAtLeast("--pings", pings, 10);
        String load = MachineDescription.load();
        Optional<PeerBackend> peer = PeerBackend.find();
        Report.Builder report = new Report.Builder("vsock");
        ActorSystem system = ActorSystem.create("bench");
        try (TrafficVms vms = new TrafficVms(RuntimeSettings.load())) {
            VsockHost host = vms.bootOurs();
            ChannelClient channel = new ChannelClient(host);
            List<TrafficClient> clients = new ArrayList<>();
            clients.add(channel);
            clients.add(new StageClient(new Vsock(host, 16, Duration.ofSeconds(60)), system));
            peer.ifPresent(backend -> clients.add(vms.bootPeer(backend)));
            clients.removeIf(each -> !client.isEmpty() && !each.name().equals(client));
            for (VsockCase one : VsockCase.all(mib, pings)) {
                if (one.name().contains(only)) {
                    measure(one, clients).writeTo(report);
                }
            }
            if (StalledNeighbour.NAME.contains(only)) {
                StalledNeighbour.measure(channel, mib, rounds, report);
            }
            report.note("MB: 10^6 bytes of payload. Medians of " + rounds
                    + " rounds (least to most); clients take turns in each, and a ratio is"
                    + " the median of the rounds' own.");
            report.note(peer.map(PeerBackend::version)
                    .orElse(PeerBackend.NAME + " was not to be had: its rows are skipped"));
            output.publish(report.build(vms.machine(load)));
        } finally {
            system.terminate();
        }
        return 0;
    }

    /** One round that is not counted, which compiles the paths: the JVM's, and the emulator's. */
    private VsockFigures measure(VsockCase one, List<TrafficClient> clients) {
        System.err.println("bench: " + one.name());
        VsockFigures figures = new VsockFigures(one.name());
        for (int round = 0; round <= rounds; round++) {
            List<TrafficClient> turns = new ArrayList<>(clients);
            Collections.rotate(turns, round);
            Map<TrafficClient, Map<VsockCase.Quantity, Double>> results = new LinkedHashMap<>();
            clients.forEach(each -> results.put(each, Map.of()));
            turns.forEach(each -> results.put(each, one.run(each)));
            if (round > 0) {
                results.forEach(figures::add);
            }
        }
        return figures;
    }
}
