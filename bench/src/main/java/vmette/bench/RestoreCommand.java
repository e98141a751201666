package vmette.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.actors.VmReady;
import vmette.actors.VmRenewal;
import vmette.bench.BareRestore.Step;
import vmette.bench.Timeline.Event;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;

/** From a restore to the first byte of a command's output, next to a cold boot and to a restore without the product. */
@Command(
        name = "restore",
        description =
                "In a warm JVM: restore a VM from a snapshot and run `echo x` until its first byte is here, against a cold"
                        + " boot until it is, and against a restore without the product.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RestoreCommand implements Callable<Integer> {
    private static final double TARGET_TO_BOOT = 0.15;
    private static final double TARGET_TO_BARE = 1.15;
    private static final String COMMAND = "echo x";

    /** A cold boot takes as long as ten restores, and its median needs fewer. */
    private static final int PAIRS_PER_BOOT = 4;

    @Mixin
    private ReportOptions output;

    @Option(names = "--pairs", paramLabel = "N", description = "Timed pairs. Default: ${DEFAULT-VALUE}.")
    private int pairs = 20;

    @Option(names = "--warmup", paramLabel = "N", description = "Untimed pairs before. Default: ${DEFAULT-VALUE}.")
    private int warmup = 4;

    @Option(
            names = "--trace",
            paramLabel = "N",
            description = "Further restores, in which each step is looked at. Default: ${DEFAULT-VALUE}.")
    private int traced = 5;

    private int forgotten;
    private final List<Double> restores = new ArrayList<>();
    private final List<Double> boots = new ArrayList<>();
    private final List<Double> bares = new ArrayList<>();
    private final Map<Step, List<Double>> bareSteps = new EnumMap<>(Step.class);
    private final Map<Event, List<Double>> steps = new EnumMap<>(Event.class);
    private final Map<String, List<Double>> renewals = new LinkedHashMap<>();

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--pairs", pairs, 1);
        Counts.requireAtLeast("--warmup", warmup, 0);
        Counts.requireAtLeast("--trace", traced, 0);
        String load = MachineDescription.load();
        Optional<PeerBackend> backend = PeerBackend.find();
        try (Tracer tracer = Tracer.start();
                Product runtime = Product.start(RuntimeSettings.load())) {
            VmSpec spec = runtime.runtime().settings().vm();
            try (SnapshotTemplate template = SnapshotTemplate.of(runtime, spec)) {
                Product.Probe probe = runtime.probe(() -> runtime.runtime().restore(spec, template.path()));
                if (backend.isPresent()) {
                    try (BareRestore bare = new BareRestore(
                            runtime.runtime().settings(), backend.get(), probe.commandLine(), template)) {
                        pairs(runtime, spec, template, Optional.of(bare));
                        forgotten = bare.forgotten();
                    }
                } else {
                    pairs(runtime, spec, template, Optional.empty());
                }
                for (int i = 0; i < traced; i++) {
                    Timeline times = tracer.follow();
                    FirstByte.of(runtime, () -> runtime.runtime().restore(spec, template.path()), times);
                    times.times().forEach((event, millis) -> add(steps, event, millis));
                }
                output.publish(report(backend).build(MachineDescription.read(probe.ready(), load)));
            }
        }
        return 0;
    }

    private void pairs(Product runtime, VmSpec spec, SnapshotTemplate template, Optional<BareRestore> bare) {
        for (int i = -warmup; i < pairs; i++) {
            if (i == 0) {
                List.of(restores, boots, bares).forEach(List::clear);
                bareSteps.clear();
                renewals.clear();
            }
            // Every other pair the other way round: what drifts, drifts for both.
            if (i % 2 == 0) {
                restore(runtime, spec, template);
                bare.ifPresent(this::restoreBare);
            } else {
                bare.ifPresent(this::restoreBare);
                restore(runtime, spec, template);
            }
            if (Math.floorMod(i, PAIRS_PER_BOOT) == 0) {
                boots.add(FirstByte.of(runtime, spec).millis());
            }
        }
    }

    private void restore(Product runtime, VmSpec spec, SnapshotTemplate template) {
        Timeline times = new Timeline(() -> 0);
        VmReady ready = FirstByte.of(runtime, () -> runtime.runtime().restore(spec, template.path()), times);
        restores.add(times.times().get(Event.FIRST_BYTE));
        VmRenewal renewal = ready.renewal().orElseThrow();
        renewal("RESTORE until RESTORED", renewal.late());
        renewal("    of it the clock", renewal.took().clock());
        renewal("    of it entropy", renewal.took().entropy());
        renewal("    of it the instance's file", renewal.took().instance());
        renewal("    of it the hostname", renewal.took().hostname());
        renewal("    of it the environment", renewal.took().environment());
    }

    private void renewal(String step, Duration took) {
        add(renewals, step, took.toNanos() / 1e6);
    }

    private void restoreBare(BareRestore bare) {
        Map<Step, Double> times = bare.restore(COMMAND);
        bares.add(times.get(Step.FIRST_BYTE));
        times.forEach((step, millis) -> add(bareSteps, step, millis));
    }

    private static <K> void add(Map<K, List<Double>> lists, K key, double millis) {
        lists.computeIfAbsent(key, none -> new ArrayList<>()).add(millis);
    }

    private Report.Builder report(Optional<PeerBackend> backend) {
        Samples ours = samples(restores);
        Samples cold = samples(boots);
        Report.Builder report = new Report.Builder("restore")
                .spread("restore", ours, "ms")
                .spread("cold boot", cold, "ms")
                .row(Row.of("ratio of the medians, restore / cold boot", ours.ratioTo(cold), "")
                        .target(TARGET_TO_BOOT));
        if (backend.isPresent()) {
            Samples bare = samples(bares);
            report.spread("bare restore", bare, "ms")
                    .row(Row.of("ratio of the medians, restore / bare restore", ours.ratioTo(bare), "")
                            .target(TARGET_TO_BARE));
        }
        steps.forEach((event, times) ->
                report.row(Row.of("at: " + event.text(), samples(times).median(), "ms")));
        renewals.forEach((step, times) -> report.row(Row.of(step, samples(times).median(), "ms")));
        bareSteps.forEach((step, times) ->
                report.row(Row.of("bare, at: " + step.text(), samples(times).median(), "ms")));
        report.note(
                "\"at\": medians since the restore began, of restores that were watched, which slows them a little");
        backend.ifPresent(peer -> report.note("bare: back-end " + peer.version()
                + ", started before the clock; memory on a tmpfs, copied before the clock; " + forgotten
                + " restores made again, since the back-end had forgotten a connection"));
        return report;
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
