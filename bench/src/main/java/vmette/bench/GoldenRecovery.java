package vmette.bench;

import java.util.ArrayList;
import java.util.List;
import vmette.VmHandle;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** From the kill of a VM that has a golden snapshot until it has run a command, next to a restore of the same specification until that has. */
final class GoldenRecovery implements AutoCloseable {
    private static final double TARGET_RATIO = 1.2;

    private final Product runtime;
    private final VmSpec spec;
    private final SnapshotTemplate template;
    private final VmHandle victim;
    private final List<Double> recoveries = new ArrayList<>();
    private final List<Double> restores = new ArrayList<>();

    GoldenRecovery(Product runtime) {
        this.runtime = runtime;
        this.spec = runtime.runtime().settings().vm();
        this.template = SnapshotTemplate.of(runtime, spec);
        SnapshotSpec golden = SnapshotSpec.builder().golden(true).build();
        this.victim = Await.on(
                runtime.runtime().launch(spec.toBuilder().snapshots(golden).build()));
    }

    void forget() {
        recoveries.clear();
        restores.clear();
    }

    /** @throws VmLostException if it was not restored */
    void recover() {
        long begun = System.nanoTime();
        RecoverCommand.kill(victim);
        RecoverCommand.runsACommand(victim);
        recoveries.add(BareQemu.millisSince(begun));
        if (!Product.commandLine(victim.name()).contains("-incoming")) {
            throw new VmLostException(
                    "VM " + victim.name() + " was booted and not restored: there is nothing to measure");
        }
    }

    void restore() {
        long begun = System.nanoTime();
        VmHandle vm = Await.on(runtime.runtime().restore(spec, template.path()));
        try {
            RecoverCommand.runsACommand(vm);
            restores.add(BareQemu.millisSince(begun));
        } finally {
            Product.stop(vm);
        }
    }

    void report(Report.Builder report) {
        Samples ours = samples(recoveries);
        Samples theirs = samples(restores);
        report.spread("recovery from the golden snapshot", ours, "ms")
                .spread("restore", theirs, "ms")
                .row(Row.of(
                                "ratio of the medians, recovery from the golden snapshot / restore",
                                ours.ratioTo(theirs),
                                "")
                        .target(TARGET_RATIO));
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    @Override
    public void close() {
        Product.stop(victim);
        template.close();
    }
}
