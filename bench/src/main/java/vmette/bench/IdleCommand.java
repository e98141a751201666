package vmette.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.VmHandle;
import vmette.config.RuntimeSettings;

/** What VMs in which nothing happens cost this JVM. */
@Command(
        name = "idle",
        description = "Processor time of this JVM, QEMU not counted, and live Java heap, with idle VMs in it.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class IdleCommand implements Callable<Integer> {
    private static final double TARGET_PERCENT = 0.5;
    private static final double TARGET_MIB = 2;
    private static final double BYTES_PER_MIB = 1 << 20;
    private static final int THREADS_SHOWN = 4;

    @Mixin
    private ReportOptions output;

    @Option(names = "--vms", paramLabel = "N", description = "How many, after one alone. Default: ${DEFAULT-VALUE}.")
    private int vms = 8;

    @Option(names = "--seconds", paramLabel = "N", description = "How long they idle. Default: ${DEFAULT-VALUE}.")
    private int seconds = 20;

    @Option(
            names = "--settle",
            paramLabel = "N",
            description = "Seconds between the last boot and the measurement. Default: ${DEFAULT-VALUE}.")
    private int settle = 5;

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--vms", vms, 1);
        Counts.requireAtLeast("--seconds", seconds, 1);
        Counts.requireAtLeast("--settle", settle, 0);
        String load = MachineDescription.load();
        try (Product runtime = Product.start(RuntimeSettings.load())) {
            Product.Probe probe = runtime.probe();
            Report.Builder report = new Report.Builder("idle");
            long none = HostUse.liveHeapBytes();
            measure(runtime, 0, none, report);
            measure(runtime, 1, none, report);
            if (vms > 1) {
                measure(runtime, vms, none, report);
            }
            output.publish(report.note("CPU: of one core, over " + seconds + " s.")
                    .build(MachineDescription.read(probe.ready(), load)));
        }
        return 0;
    }

    private void measure(Product runtime, int count, long heapWithNone, Report.Builder report) {
        List<VmHandle> idle = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                idle.add(runtime.launch());
            }
            long heap = HostUse.liveHeapBytes();
            Await.pause(Duration.ofSeconds(settle));
            Map<String, Long> threadsBefore = HostUse.cpuNanosByThread();
            long cpuBefore = HostUse.cpuNanos();
            long begun = System.nanoTime();
            Await.pause(Duration.ofSeconds(seconds));
            long cpu = HostUse.cpuNanos() - cpuBefore;
            double percent = 100.0 * cpu / (System.nanoTime() - begun);
            List<String> busiest = HostUse.busiest(threadsBefore, HostUse.cpuNanosByThread(), THREADS_SHOWN);
            String name = count == 1 ? "1 VM" : count + " VMs";
            report.row(Row.of("CPU of the JVM, " + name, percent, "%").target(TARGET_PERCENT));
            if (count > 0) {
                report.row(Row.of("live heap per VM, " + name, (heap - heapWithNone) / BYTES_PER_MIB / count, "MiB")
                        .target(TARGET_MIB));
            }
            report.note("busiest threads, " + name + ": " + String.join(", ", busiest));
        } finally {
            idle.forEach(Product::stop);
        }
    }
}
