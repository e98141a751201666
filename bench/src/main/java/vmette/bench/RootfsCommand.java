package vmette.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.StartFailedException;

/** What a root costs: launch to first byte with an image of a registry and with a directory, next to the initramfs alone. */
@Command(
        name = "rootfs",
        description =
                "In a warm JVM: launch until a command's first byte with a cached image and with a directory as the root,"
                        + " against none; and what a second VM of one image takes.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RootfsCommand implements Callable<Integer> {
    private static final double IMAGE_TARGET = 1.15;
    private static final double DIRECTORY_TARGET = 1.3;
    private static final double SHARE_TARGET = 0.1;

    private static final String NONE = "initramfs";
    private static final String IMAGE = "cached image";
    private static final String DIRECTORY = "directory";

    @Mixin
    private ReportOptions output;

    @Option(names = "--rounds", paramLabel = "N", description = "Timed launches of each. Default: ${DEFAULT-VALUE}.")
    private int rounds = 10;

    @Option(names = "--warmup", paramLabel = "N", description = "Untimed rounds before. Default: ${DEFAULT-VALUE}.")
    private int warmup = 2;

    @Option(names = "--mib", paramLabel = "N", description = "MiB in the root's files. Default: ${DEFAULT-VALUE}.")
    private int mib = 300;

    @Option(names = "--files", paramLabel = "N", description = "How many they are. Default: ${DEFAULT-VALUE}.")
    private int files = 3000;

    private final Map<String, List<FirstByte.Times>> times = new LinkedHashMap<>();

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--rounds", rounds, 1);
        Counts.requireAtLeast("--warmup", warmup, 0);
        Counts.requireAtLeast("--mib", mib, 1);
        Counts.requireAtLeast("--files", files, 1);
        String load = MachineDescription.load();
        RuntimeSettings settings = RuntimeSettings.load();
        Product.Probe probe;
        try (Product runtime = Product.start(settings)) {
            probe = runtime.probe();
        }
        try (RootTree tree = RootTree.make(settings.cacheDir().toAbsolutePath(), mib, files);
                LoopbackRegistry registry = LoopbackRegistry.serve(tree.tar());
                Product runtime = Product.start(with(settings, tree.cache()))) {
            VmSpec none = runtime.runtime().settings().vm();
            Map<String, VmSpec> specs = new LinkedHashMap<>();
            specs.put(NONE, none);
            specs.put(IMAGE, none.toBuilder().rootfs(registry.reference()).build());
            specs.put(DIRECTORY, none.toBuilder().rootfs(tree.directory()).build());
            // Fetched, and made into an image.
            FirstByte.of(runtime, specs.get(IMAGE));
            int asked = registry.requests();
            List<String> order = new ArrayList<>(specs.keySet());
            for (int i = -warmup; i < rounds; i++) {
                if (i <= 0) {
                    specs.keySet().forEach(kind -> times.put(kind, new ArrayList<>()));
                }
                // Who is first changes from round to round: what drifts, drifts for all.
                Collections.rotate(order, 1);
                order.forEach(kind -> times.get(kind).add(FirstByte.of(runtime, specs.get(kind))));
            }
            if (registry.requests() != asked) {
                throw new StartFailedException("the registry was asked while launches were timed: they were no hits");
            }
            SharedImage.Growth growth = SharedImage.measure(runtime, specs.get(IMAGE), tree.bytes());
            output.publish(report(growth).build(MachineDescription.read(probe.ready(), load)));
        }
        return 0;
    }

    private static RuntimeSettings with(RuntimeSettings settings, Path cache) {
        return new RuntimeSettings(
                cache,
                settings.runtimeDir(),
                settings.qemu(),
                settings.bootDeadline(),
                settings.exec(),
                settings.vsock(),
                settings.forward(),
                settings.net(),
                settings.rootfs(),
                settings.recovery(),
                settings.liveness(),
                settings.admission(),
                settings.events(),
                settings.log(),
                settings.metrics(),
                settings.snapshot(),
                settings.vm());
    }

    private Report.Builder report(SharedImage.Growth growth) {
        Report.Builder report = new Report.Builder("rootfs");
        times.keySet().forEach(kind -> report.spread(kind, millis(kind), "ms"));
        times.keySet()
                .forEach(kind -> report.row(Row.of("processor time of QEMU and helpers, " + kind, cpu(kind), "ms")));
        return report.row(ratio(IMAGE).target(IMAGE_TARGET))
                .row(ratio(DIRECTORY).target(DIRECTORY_TARGET))
                .row(Row.of("ratio of processor times, " + IMAGE, cpu(IMAGE).ratioTo(cpu(NONE)), ""))
                .row(Row.of(
                        "ratio of processor times, " + DIRECTORY, cpu(DIRECTORY).ratioTo(cpu(NONE)), ""))
                .row(Row.of("size of the image", growth.image(), "MiB"))
                .row(Row.of("page cache that a second VM added / image", growth.pageCache() / growth.image(), "")
                        .target(SHARE_TARGET))
                .row(Row.of(
                                "private memory that a second VM added / image",
                                growth.privateMemory() / growth.image(),
                                "")
                        .target(SHARE_TARGET))
                .note(mib + " MiB in " + files + " files. The second VM's guest read them all, after the first one's.");
    }

    private Row ratio(String kind) {
        return Row.of("ratio of the medians, " + kind, millis(kind).ratioTo(millis(NONE)), "");
    }

    private Samples millis(String kind) {
        return samples(kind, FirstByte.Times::millis);
    }

    private Samples cpu(String kind) {
        return samples(kind, FirstByte.Times::cpuMillis);
    }

    private Samples samples(String kind, ToDoubleFunction<FirstByte.Times> figure) {
        return new Samples(times.get(kind).stream().mapToDouble(figure).toArray());
    }
}
