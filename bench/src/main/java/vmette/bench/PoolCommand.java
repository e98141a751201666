package vmette.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.Execution;
import vmette.VmHandle;
import vmette.VmPool;
import vmette.config.PoolSettings;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;

/** How long it takes to get a VM that is ready in a pool, and its first command next to one of a VM long up. */
@Command(
        name = "pool",
        description =
                "In a warm JVM: acquire a VM that is ready in a pool, and a command in it until its first byte is here,"
                        + " against one in a VM long up.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class PoolCommand implements Callable<Integer> {
    private static final double TARGET_P50 = 2;
    private static final double TARGET_P99 = 10;
    private static final double TARGET_RATIO = 1.2;
    private static final Duration REFILL = Duration.ofMinutes(5);

    @Mixin
    private ReportOptions output;

    @Option(names = "--vms", paramLabel = "N", description = "In the pool. Default: ${DEFAULT-VALUE}.")
    private int vms = 8;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Timed rounds in which each of them is acquired. Default: ${DEFAULT-VALUE}.")
    private int rounds = 7;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description =
                    "Commands that a VM has run before it is in the pool, as pools of a plan have them run. Default: ${DEFAULT-VALUE}.")
    private int warmUp = 10;

    private final List<Double> acquired = new ArrayList<>();
    private final List<Double> pooled = new ArrayList<>();
    private final List<Double> longUp = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--vms", vms, 1);
        Counts.requireAtLeast("--rounds", rounds, 1);
        Counts.requireAtLeast("--warm-up", warmUp, 0);
        String load = MachineDescription.load();
        try (Product runtime = Product.start(RuntimeSettings.load())) {
            VmSpec spec =
                    runtime.runtime().settings().vm().toBuilder().memoryMib(128).build();
            try (SnapshotTemplate template = SnapshotTemplate.of(runtime, spec)) {
                VmHandle old = Await.on(runtime.runtime().launch(spec));
                // No more than are lent: none is made while times are taken.
                VmPool pool = VmPool.open(
                        "bench",
                        PoolSettings.of(vms, vms),
                        runtime.runtime().system(),
                        () -> warm(runtime, spec, template));
                for (int i = -1; i < rounds; i++) {
                    if (i == 0) {
                        List.of(acquired, pooled, longUp).forEach(List::clear);
                    }
                    round(runtime, pool, old);
                }
                Await.on(pool.close());
                Report.Builder report = report();
                MachineDescription machine = MachineDescription.read(Await.on(old.ready()), load);
                Product.stop(old);
                output.publish(report.build(machine));
            }
        }
        return 0;
    }

    private CompletionStage<VmHandle> warm(Product runtime, VmSpec spec, SnapshotTemplate template) {
        return runtime.runtime().restore(spec, template.path()).thenCompose(vm -> {
            CompletionStage<VmHandle> warm = CompletableFuture.completedStage(vm);
            for (int i = 0; i < warmUp; i++) {
                warm = warm.thenCompose(same -> {
                    Execution command = same.exec("echo x");
                    return command.status().thenApply(status -> same);
                });
            }
            return warm;
        });
    }

    private void round(Product runtime, VmPool pool, VmHandle old) {
        if (!Await.until(() -> pool.status().ready() == vms, REFILL)) {
            throw new StartFailedException("the pool is not full within " + REFILL + ": " + pool.status());
        }
        List<VmHandle> lent = new ArrayList<>();
        for (int i = 0; i < vms; i++) {
            long begun = System.nanoTime();
            lent.add(Await.on(pool.acquire()));
            acquired.add(BareQemu.millisSince(begun));
        }
        for (int i = 0; i < vms; i++) {
            // Every other pair the other way round: what drifts, drifts for both.
            if (i % 2 == 0) {
                pooled.add(FirstByte.of(runtime, lent.get(i)));
                longUp.add(FirstByte.of(runtime, old));
            } else {
                longUp.add(FirstByte.of(runtime, old));
                pooled.add(FirstByte.of(runtime, lent.get(i)));
            }
        }
        List<CompletionStage<?>> ends = new ArrayList<>();
        lent.forEach(vm -> ends.add(pool.release(vm)));
        ends.forEach(Await::on);
    }

    private Report.Builder report() {
        Samples ours = samples(pooled);
        Samples theirs = samples(longUp);
        return new Report.Builder("pool")
                .runs(Row.of("acquire, p50", samples(acquired), "ms").target(TARGET_P50), samples(acquired))
                .row(Row.of("acquire, p99", p99(acquired), "ms").target(TARGET_P99))
                .spread("first byte in an acquired VM", ours, "ms")
                .spread("first byte in a VM long up", theirs, "ms")
                .row(Row.of("ratio of the medians", ours.ratioTo(theirs), "").target(TARGET_RATIO))
                .note("the pool's VMs have run " + warmUp + " commands before they are in it");
    }

    private static double p99(List<Double> values) {
        double[] sorted = samples(values).values();
        Arrays.sort(sorted);
        return sorted[(int) Math.ceil(0.99 * sorted.length) - 1];
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
