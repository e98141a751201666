package vmette.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import vmette.Execution;
import vmette.VmHandle;
import vmette.bench.PrivateMemory.Kind;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.machine.Machine;
import vmette.machine.QemuMachines;

/** Many clones of one snapshot at once: how fast they come, what each takes of the host's memory, and that all answer. */
@Command(
        name = "clones",
        description =
                "Many clones of one snapshot at once: private memory of each when idle, and how many come in a second.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ClonesCommand implements Callable<Integer> {
    private static final double TARGET_MB = 25;
    private static final double TARGET_RUNNING = 10;
    private static final double TARGET_READY = 7;
    private static final double BYTES_PER_MB = 1e6;

    @Mixin
    private ReportOptions output;

    @Parameters(index = "0", arity = "0..1", paramLabel = "N", description = "How many. Default: ${DEFAULT-VALUE}.")
    private int clones = 100;

    @Option(names = "--memory", paramLabel = "MIB", description = "Of each guest. Default: ${DEFAULT-VALUE}.")
    private int memory = 128;

    @Option(
            names = "--settle",
            paramLabel = "N",
            description = "Seconds between the last command and the look at memory. Default: ${DEFAULT-VALUE}.")
    private int settle = 5;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Counts.requireAtLeast("N", clones, 1);
        Counts.requireAtLeast("--memory", memory, 1);
        Counts.requireAtLeast("--settle", settle, 0);
        String load = MachineDescription.load();
        RuntimeSettings settings = RuntimeSettings.load();
        Report.Builder report = new Report.Builder("clones");
        report.row(Row.of("clones", clones, ""));
        boolean all;
        try (Product runtime = Product.start(settings)) {
            VmSpec spec = settings.vm().toBuilder().memoryMib(memory).build();
            try (SnapshotTemplate template = SnapshotTemplate.of(runtime, spec)) {
                Product.Probe probe = runtime.probe(() -> runtime.runtime().restore(spec, template.path()));
                report.row(Row.of("running per second", running(settings, spec, template), "")
                        .atLeast(TARGET_RUNNING));
                all = ready(runtime, spec, template, report);
                output.publish(report.build(MachineDescription.read(probe.ready(), load)));
            }
        }
        return all ? 0 : 1;
    }

    /** As many machines as come up at once in a runtime, until their guests were told to go on; nothing is asked of those. */
    private double running(RuntimeSettings settings, VmSpec spec, SnapshotTemplate template)
            throws InterruptedException {
        int atATime = 2 * Runtime.getRuntime().availableProcessors();
        Semaphore places = new Semaphore(atATime);
        List<CompletionStage<Machine>> machines = new ArrayList<>();
        try (QemuMachines factory = new QemuMachines(settings, line -> {}, List::of)) {
            Await.on(
                    factory.restore(spec, "first", template.path(), vsock -> {}).thenCompose(Machine::close));
            long begun = System.nanoTime();
            for (int i = 0; i < clones; i++) {
                places.acquire();
                CompletionStage<Machine> machine = factory.restore(spec, "running-" + i, template.path(), vsock -> {});
                machines.add(machine);
                machine.thenCompose(Machine::started).whenComplete((started, failure) -> places.release());
            }
            places.acquire(atATime);
            double seconds = (System.nanoTime() - begun) / 1e9;
            machines.forEach(machine -> Await.on(machine.thenCompose(Machine::started)));
            List<CompletionStage<?>> ends = new ArrayList<>();
            machines.forEach(machine -> ends.add(machine.thenCompose(Machine::close)));
            ends.forEach(Await::on);
            return clones / seconds;
        }
    }

    private boolean ready(Product runtime, VmSpec spec, SnapshotTemplate template, Report.Builder report) {
        long begun = System.nanoTime();
        List<CompletionStage<VmHandle>> coming = IntStream.range(0, clones)
                .mapToObj(i -> runtime.runtime().restore(spec, template.path()))
                .toList();
        List<VmHandle> vms = coming.stream().map(Await::on).toList();
        double seconds = (System.nanoTime() - begun) / 1e9;
        try {
            report.row(Row.of("Ready per second", clones / seconds, "").atLeast(TARGET_READY));
            long answering = vms.stream().map(vm -> vm.exec("true")).map(Execution::status).toList().stream()
                    .filter(status -> Await.on(status).isSuccess())
                    .count();
            report.row(Row.of("clones that answer", (double) answering, "").atLeast(clones));
            Await.pause(Duration.ofSeconds(settle));
            memory(vms, template.memory(), report);
            return answering == clones;
        } finally {
            List<CompletionStage<?>> ends = new ArrayList<>();
            vms.forEach(vm -> ends.add(vm.stop()));
            ends.forEach(Await::on);
        }
    }

    private static void memory(List<VmHandle> vms, Path file, Report.Builder report) {
        List<PrivateMemory> all = vms.stream()
                .map(vm -> PrivateMemory.of(Product.monitor(vm.name()), file))
                .toList();
        Samples totals = megabytes(all.stream().mapToLong(PrivateMemory::total).toArray());
        report.runs(Row.of("private memory of an idle clone", totals, "MB").target(TARGET_MB), totals);
        for (Kind kind : Kind.values()) {
            report.row(Row.of(
                    "    of it " + kind.text(),
                    megabytes(all.stream().mapToLong(one -> one.of(kind)).toArray()),
                    "MB"));
        }
    }

    private static Samples megabytes(long[] bytes) {
        double[] values = new double[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] / BYTES_PER_MB;
        }
        return new Samples(values);
    }
}
