package vmette.bench;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.Execution;
import vmette.VmHandle;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;

/** From the kill of a VM's QEMU to the next incarnation's first command, next to a launch of the same specification. */
@Command(
        name = "recover",
        description =
                "In a warm JVM: kill -9 of a VM's QEMU until the next incarnation runs a command, against a launch until"
                        + " it does.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RecoverCommand implements Callable<Integer> {
    private static final double TARGET_RATIO = 1.15;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** Each recovery is at once: an incarnation counts as stable from the first. */
    private static final String RECOVERY =
            "vmette.recovery { mode = transient, max-restarts = 100, within = 1s, stable-after = 1ms }";

    @Mixin
    private ReportOptions output;

    @Option(names = "--pairs", paramLabel = "N", description = "Timed pairs. Default: ${DEFAULT-VALUE}.")
    private int pairs = 10;

    @Option(names = "--warmup", paramLabel = "N", description = "Untimed pairs before. Default: ${DEFAULT-VALUE}.")
    private int warmup = 3;

    private final List<Double> launches = new ArrayList<>();
    private final List<Double> recoveries = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--pairs", pairs, 1);
        Counts.requireAtLeast("--warmup", warmup, 0);
        String load = MachineDescription.load();
        RuntimeSettings settings =
                RuntimeSettings.from(ConfigFactory.parseString(RECOVERY).withFallback(ConfigFactory.load()));
        try (Product runtime = Product.start(settings);
                GoldenRecovery golden = new GoldenRecovery(runtime)) {
            Product.Probe probe = runtime.probe();
            VmHandle victim = runtime.launch();
            runsACommand(victim);
            for (int i = -warmup; i < pairs; i++) {
                if (i == 0) {
                    launches.clear();
                    recoveries.clear();
                    golden.forget();
                }
                // Every other pair the other way round: what drifts, drifts for both.
                if (i % 2 == 0) {
                    launch(runtime);
                    recover(victim);
                    golden.restore();
                    golden.recover();
                } else {
                    golden.recover();
                    golden.restore();
                    recover(victim);
                    launch(runtime);
                }
            }
            Product.stop(victim);
            Report.Builder report = report();
            golden.report(report);
            output.publish(report.build(MachineDescription.read(probe.ready(), load)));
        }
        return 0;
    }

    private void launch(Product runtime) {
        long begun = System.nanoTime();
        VmHandle vm = runtime.launch();
        try {
            runsACommand(vm);
            launches.add(BareQemu.millisSince(begun));
        } finally {
            Product.stop(vm);
        }
    }

    private void recover(VmHandle vm) {
        long begun = System.nanoTime();
        kill(vm);
        runsACommand(vm);
        recoveries.add(BareQemu.millisSince(begun));
    }

    /** Kills its QEMU, and waits until the supervisor knows. */
    static void kill(VmHandle vm) {
        long former = vm.incarnation();
        long monitor = Product.monitor(vm.name());
        long begun = System.nanoTime();
        ProcessHandle.of(monitor).ifPresent(ProcessHandle::destroyForcibly);
        // What is asked of the former incarnation is lost with it; what is asked after it waits for the next.
        while (vm.incarnation() == former) {
            if (System.nanoTime() - begun > PATIENCE.toNanos()) {
                throw new VmLostException("VM " + vm.name() + " was not recovered within " + PATIENCE.toMinutes()
                        + " minutes: there is nothing to measure");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    static void runsACommand(VmHandle vm) {
        Execution command = vm.exec("true");
        Await.on(command.started());
        Product.requireSuccess("true", Await.on(command.status()));
    }

    private Report.Builder report() {
        Samples ours = samples(recoveries);
        Samples theirs = samples(launches);
        return new Report.Builder("recover")
                .spread("recovery after kill -9", ours, "ms")
                .spread("launch", theirs, "ms")
                .row(Row.of("difference of the medians", ours.median() - theirs.median(), "ms"))
                .row(Row.of("ratio of the medians", ours.ratioTo(theirs), "").target(TARGET_RATIO));
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
