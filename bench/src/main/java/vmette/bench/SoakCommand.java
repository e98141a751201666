package vmette.bench;

import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.VmHandle;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;

/** Many boots, and what they leave behind. */
@Command(
        name = "soak",
        description = "Boots VMs, runs a command in each, stops them, and looks for what is left afterwards.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class SoakCommand implements Callable<Integer> {
    private static final int FAILURES_SHOWN = 5;

    @Mixin
    private ReportOptions output;

    @Option(names = "--boots", paramLabel = "N", description = "How many in all. Default: ${DEFAULT-VALUE}.")
    private int boots = 100;

    @Option(names = "--parallel", paramLabel = "P", description = "How many at a time. Default: ${DEFAULT-VALUE}.")
    private int parallel = 1;

    private final List<Double> seconds = Collections.synchronizedList(new ArrayList<>());
    private final List<String> failures = Collections.synchronizedList(new ArrayList<>());

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--boots", boots, 1);
        Counts.requireAtLeast("--parallel", parallel, 1);
        String load = MachineDescription.load();
        Path directory = Files.createTempDirectory(Path.of("/tmp"), "vb-");
        try {
            RuntimeSettings settings = RuntimeSettings.from(ConfigFactory.load()
                    .withValue("vmette.runtime-dir", ConfigValueFactory.fromAnyRef(directory.toString())));
            Product.Probe probe = warmUp(settings);
            Leftovers before = Leftovers.look(directory);
            double total;
            long heapGrowth;
            try (Product runtime = Product.start(settings)) {
                Product.stop(runtime.launch());
                long heap = HostUse.liveHeapBytes();
                long begun = System.nanoTime();
                runAll(runtime, boots);
                total = BareQemu.millisSince(begun) / 1e3;
                heapGrowth = HostUse.liveHeapBytes() - heap;
            }
            Leftovers left = Leftovers.settled(directory, before);
            report(total, heapGrowth, left, MachineDescription.read(probe.ready(), load));
            return failures.isEmpty() && left.isEmpty() ? 0 : 1;
        } finally {
            remove(directory);
        }
    }

    /** As many at once as later, so that what the JVM makes once and keeps is there before the first count. */
    private Product.Probe warmUp(RuntimeSettings settings) {
        try (Product runtime = Product.start(settings)) {
            Product.Probe probe = runtime.probe();
            runAll(runtime, parallel);
            return probe;
        } finally {
            seconds.clear();
            failures.clear();
        }
    }

    private void runAll(Product runtime, int count) {
        AtomicInteger next = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(parallel);
        ExecutorService workers = Executors.newFixedThreadPool(parallel);
        try {
            for (int i = 0; i < parallel; i++) {
                workers.execute(() -> {
                    try {
                        for (int boot = next.incrementAndGet(); boot <= count; boot = next.incrementAndGet()) {
                            one(runtime, boot);
                        }
                    } finally {
                        done.countDown();
                    }
                });
            }
            done.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            workers.shutdownNow();
        }
    }

    private void one(Product runtime, int number) {
        long begun = System.nanoTime();
        try {
            VmHandle vm = runtime.launch();
            try {
                String said = runtime.output(vm, "echo boot " + number).strip();
                if (!said.equals("boot " + number)) {
                    throw new VmLostException("the guest of boot " + number + " said \"" + said + "\"");
                }
            } finally {
                Product.stop(vm);
            }
            seconds.add(BareQemu.millisSince(begun) / 1e3);
        } catch (RuntimeException e) {
            failures.add("boot " + number + ": " + e);
        }
    }

    private void report(double total, long heapGrowth, Leftovers left, MachineDescription machine) {
        Report.Builder report = new Report.Builder("soak")
                .row(Row.of("boots", boots, ""))
                .row(Row.of("at a time", parallel, ""))
                .row(Row.of("succeeded", seconds.size(), ""))
                .row(Row.of("failed", failures.size(), "").target(0))
                .row(Row.of("processes left", left.processes().size(), "").target(0))
                .row(Row.of("descriptors left", left.descriptors().size(), "").target(0))
                .row(Row.of("files left", left.files().size(), "").target(0))
                .row(Row.of("threads left", left.threads().size(), "").target(0))
                .row(Row.of("growth of the live heap per boot", heapGrowth / 1024.0 / boots, "KiB"))
                .row(Row.of("time for all", total, "s"));
        if (!seconds.isEmpty()) {
            report.spread(
                    "launch to stopped",
                    new Samples(
                            seconds.stream().mapToDouble(Double::doubleValue).toArray()),
                    "s");
        }
        failures.stream().limit(FAILURES_SHOWN).forEach(report::note);
        left.describe().forEach(report::note);
        output.publish(report.build(machine));
    }

    private static void remove(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Collections.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
