package vmette.bench;

import akka.stream.javadsl.Sink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.Execution;
import vmette.VmHandle;
import vmette.bench.Timeline.Event;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;

/** From launch to the first byte of a command's output, next to bare QEMU until that byte is on its serial port. */
@Command(
        name = "launch",
        description = "In a warm JVM: launch a VM and run `echo x` until its first byte is here, against bare QEMU.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class LaunchCommand implements Callable<Integer> {
    private static final double TARGET_RATIO = 1.10;
    private static final String MARKER = "x";
    private static final String COMMAND = "echo " + MARKER;

    /** The guest's clock is read by the shell itself: one process less than cat. */
    private static final String COMMAND_WITH_CLOCK = "read -r up idle </proc/uptime; echo " + MARKER + "; echo $up";

    @Mixin
    private ReportOptions output;

    @Option(names = "--pairs", paramLabel = "N", description = "Timed pairs. Default: ${DEFAULT-VALUE}.")
    private int pairs = 10;

    @Option(names = "--warmup", paramLabel = "N", description = "Untimed pairs before. Default: ${DEFAULT-VALUE}.")
    private int warmup = 3;

    @Option(names = "--trace", description = "Also say when each step of the launches happened; slows them a little.")
    private boolean trace;

    private final List<Double> product = new ArrayList<>();
    private final List<Double> bare = new ArrayList<>();
    private final List<Double> productClock = new ArrayList<>();
    private final List<Double> bareClock = new ArrayList<>();
    private final List<Double> bareCpu = new ArrayList<>();
    private final List<Double> jvmCpu = new ArrayList<>();
    private final Map<Event, List<Double>> steps = new EnumMap<>(Event.class);
    private final Map<Event, List<Double>> costs = new EnumMap<>(Event.class);

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--pairs", pairs, 1);
        Counts.requireAtLeast("--warmup", warmup, 0);
        String load = MachineDescription.load();
        Tracer tracer = trace ? Tracer.start() : null;
        try (tracer;
                Product runtime = Product.start(RuntimeSettings.load())) {
            Product.Probe probe = runtime.probe();
            BareQemu qemu = new BareQemu(probe.commandLine());
            for (int i = -warmup; i < pairs; i++) {
                if (i == 0) {
                    forget();
                }
                // Every other pair the other way round: what drifts, drifts for both.
                if (i % 2 == 0) {
                    launch(runtime, tracer);
                    boot(qemu);
                } else {
                    boot(qemu);
                    launch(runtime, tracer);
                }
            }
            output.publish(report().build(MachineDescription.read(probe.ready(), load)));
        }
        return 0;
    }

    private void forget() {
        List.of(product, bare, productClock, bareClock, bareCpu, jvmCpu).forEach(List::clear);
        steps.clear();
        costs.clear();
    }

    private void launch(Product runtime, Tracer tracer) {
        Timeline times = tracer == null ? new Timeline(() -> 0) : tracer.follow();
        long jvmBefore = HostUse.cpuNanos();
        VmHandle vm = runtime.launch();
        try {
            times.mark(Event.READY);
            Execution echo = vm.exec(COMMAND);
            CompletionStage<?> started = echo.started().thenRun(() -> times.mark(Event.STARTED));
            CompletableFuture<Void> first = new CompletableFuture<>();
            CompletionStage<?> drained = echo.stdout()
                    .runWith(
                            Sink.foreach(chunk -> {
                                times.mark(Event.FIRST_BYTE);
                                first.complete(null);
                            }),
                            runtime.runtime().system());
            CompletionStage<?> settled = drained.whenComplete((done, failure) -> first.completeExceptionally(
                    new VmLostException("\"" + COMMAND + "\" ended without a byte of output", failure)));
            Await.on(first);
            if (tracer != null) {
                jvmCpu.add((HostUse.cpuNanos() - jvmBefore) / 1e6);
            }
            Product.requireSuccess(COMMAND, Await.on(echo.status()));
            Await.on(started);
            Await.on(settled);
            times.times().forEach((event, millis) -> add(steps, event, millis));
            times.costs().forEach((event, millis) -> add(costs, event, millis));
            product.add(times.times().get(Event.FIRST_BYTE));
            productClock.add(Await.on(vm.ready()).guestBootTime().toNanos() / 1e6);
        } finally {
            Product.stop(vm);
        }
    }

    private static void add(Map<Event, List<Double>> lists, Event event, double millis) {
        lists.computeIfAbsent(event, none -> new ArrayList<>()).add(millis);
    }

    private void boot(BareQemu qemu) {
        if (trace) {
            BareQemu.Sight sight = qemu.untilLine(COMMAND_WITH_CLOCK, MARKER);
            bare.add(sight.millis());
            bareCpu.add(sight.cpuMillis());
            bareClock.add(Double.parseDouble(sight.rest().lines().findFirst().orElseThrow()) * 1e3);
        } else {
            bare.add(qemu.untilLine(COMMAND, MARKER).millis());
        }
    }

    private Report.Builder report() {
        Samples ours = samples(product);
        Samples theirs = samples(bare);
        Report.Builder report = new Report.Builder("launch")
                .spread("vmette", ours, "ms")
                .spread("bare QEMU", theirs, "ms")
                .row(Row.of("difference of the medians", ours.median() - theirs.median(), "ms"))
                .row(Row.of("ratio of the medians", ours.ratioTo(theirs), "").target(TARGET_RATIO));
        return trace ? steps(report) : report;
    }

    private Report.Builder steps(Report.Builder report) {
        for (Event event : Event.values()) {
            if (steps.containsKey(event)) {
                report.row(Row.of(
                                "at: " + event.text(), samples(steps.get(event)).median(), "ms"))
                        .row(Row.of(
                                "    QEMU's processor time",
                                samples(costs.get(event)).median(),
                                "ms"));
            }
        }
        return report.row(Row.of(
                        "JVM's processor time until the byte", samples(jvmCpu).median(), "ms"))
                .row(Row.of(
                        "QEMU's processor time until the byte, bare",
                        samples(bareCpu).median(),
                        "ms"))
                .row(Row.of(
                        "guest's clock when the agent was ready",
                        samples(productClock).median(),
                        "ms"))
                .row(Row.of(
                        "guest's clock at the command, bare", samples(bareClock).median(), "ms"))
                .note("\"at\": medians since the launch began. Times were taken while being watched.");
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
