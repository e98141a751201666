package vmette.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.Status;

/** Runs through the C ABI, from a cold process on, next to the same runs by the Java API. */
@Command(
        name = "capi",
        description =
                "A C program's first and later runs of `true` by libvmette.so, against a Java program's, each from a cold process.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CapiCommand implements Callable<Integer> {
    private static final double FIRST_TARGET_MILLIS = 600;
    private static final double LATER_TARGET_MILLIS = 20;
    private static final int REFUSED = 200;
    private static final String COMMAND = "true";

    private static final String PROGRAM = """
            #include <stdio.h>
            #include <stdlib.h>
            #include <time.h>
            #include <vmette.h>

            int main(int argc, char **argv) {
                vmette_config_t *vm = vmette_config_new("", "");
                vmette_config_set_exec(vm, *argv[1] == 0 ? NULL : argv[1]);
                while (argc == 3 && getchar() == '\\n') {
                    vmette_run_output_t *out = NULL;
                    struct timespec now;
                    if (vmette_run(vm, &out) != atoi(argv[2]) || vmette_run_output_exit_code(out) != 0) {
                        return 1;
                    }
                    clock_gettime(CLOCK_MONOTONIC, &now);
                    printf("%lld\\n", now.tv_sec * 1000000000LL + now.tv_nsec);
                    fflush(stdout);
                    vmette_run_output_free(out);
                }
                vmette_config_free(vm);
                return 0;
            }
            """;

    @Mixin
    private ReportOptions output;

    @Option(names = "--pairs", paramLabel = "N", description = "Pairs of processes. Default: ${DEFAULT-VALUE}.")
    private int pairs = 5;

    @Option(
            names = "--later",
            paramLabel = "N",
            description = "Runs of each after the first. Default: ${DEFAULT-VALUE}.")
    private int later = 20;

    @Option(
            names = "--dist",
            paramLabel = "DIR",
            defaultValue = "${sys:vmette.bench.home}/runtime/target/dist",
            description = "What was built. Default: that of this clone.")
    private Path dist;

    /** Milliseconds of one side's runs, in the order they were made. */
    private record Times(List<Double> first, List<Double> later) {
        Times() {
            this(new ArrayList<>(), new ArrayList<>());
        }
    }

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--pairs", pairs, 1);
        Counts.requireAtLeast("--later", later, 1);
        if (!Files.exists(dist.resolve("libvmette.so.0"))) {
            throw new InvalidConfigException(
                    "there is no libvmette.so.0 in " + dist + ": name the directory with --dist");
        }
        String load = MachineDescription.load();
        Product.Probe probe;
        try (Product runtime = Product.start(RuntimeSettings.load())) {
            probe = runtime.probe();
        }
        Path directory = Files.createTempDirectory("vmette-bench");
        Path source = directory.resolve("runs.c");
        Path program = directory.resolve("runs");
        Times ours = new Times();
        Times theirs = new Times();
        Samples refused;
        try {
            Files.writeString(source, PROGRAM);
            compile(source, program);
            List<String> c = List.of(program.toString(), COMMAND, code(Status.OK));
            List<String> java = javaPath();
            for (int i = 0; i < pairs; i++) {
                if (i % 2 == 0) {
                    pair(c, ours, java, theirs);
                } else {
                    pair(java, theirs, c, ours);
                }
            }
            refused = refusedRuns(List.of(program.toString(), "", code(Status.INVALID_CONFIG)));
        } finally {
            Files.deleteIfExists(program);
            Files.deleteIfExists(source);
            Files.deleteIfExists(directory);
        }
        output.publish(report(ours, theirs, refused).build(MachineDescription.read(probe.ready(), load)));
        return 0;
    }

    private static Report.Builder report(Times ours, Times theirs, Samples refused) {
        Samples differences = new Samples(IntStream.range(0, ours.later().size())
                .mapToDouble(i -> ours.later().get(i) - theirs.later().get(i))
                .toArray());
        return new Report.Builder("capi")
                .spread("first run, C", samples(ours.first()), "ms")
                .spread("first run, Java", samples(theirs.first()), "ms")
                .spread("later runs, C", samples(ours.later()), "ms")
                .spread("later runs, Java", samples(theirs.later()), "ms")
                .row(Row.of(
                                "first run: C less Java, of the medians",
                                medianOf(ours.first()) - medianOf(theirs.first()),
                                "ms")
                        .target(FIRST_TARGET_MILLIS))
                .runs(
                        Row.bounded("later runs: C less Java, median of pairs", differences, "ms")
                                .target(LATER_TARGET_MILLIS),
                        differences)
                .row(Row.of(
                        "first run, C, less later runs, Java", medianOf(ours.first()) - medianOf(theirs.later()), "ms"))
                .runs(
                        Row.of("later runs that are refused, C: what the way to Java and back takes", refused, "ms"),
                        refused)
                .note(
                        "A first run is from the start of its process. Neither has an archive of classes; both JVMs have the same compiler, collector and buffers.")
                .note(
                        "Both processes are up, and take turns at later runs: what the machine does meanwhile is the same for both of a pair.");
    }

    private void compile(Path source, Path program) throws IOException {
        List<String> command = List.of(
                "gcc",
                "-O2",
                "-o",
                program.toString(),
                source.toString(),
                "-I" + dist,
                dist.resolve("libvmette.so.0").toString(),
                "-Wl,-rpath," + dist);
        int status = Await.on(new ProcessBuilder(command).inheritIO().start().onExit())
                .exitValue();
        if (status != 0) {
            throw new StartFailedException(String.join(" ", command) + " ended with status " + status);
        }
    }

    /** With the options that the library gives its JVM. */
    private List<String> javaPath() {
        Path own;
        try {
            own = Path.of(JavaRuns.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:TLABSize=128k",
                "-XX:-UsePerfData",
                "-Djna.boot.library.path=" + dist.resolve("native"),
                "-Djna.nosys=true",
                "-Djna.nounpack=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-cp",
                dist.resolve("lib") + "/*:" + own,
                JavaRuns.class.getName(),
                COMMAND);
    }

    /** The first process of a pair, which is up before the other is started, has the first turn of the first, third and so on. */
    private void pair(List<String> command, Times into, List<String> other, Times intoOther) {
        try (PacedRuns one = PacedRuns.start(command, Redirect.INHERIT)) {
            into.first().add(one.run());
            try (PacedRuns two = PacedRuns.start(other, Redirect.INHERIT)) {
                intoOther.first().add(two.run());
                for (int i = 0; i < later; i++) {
                    if (i % 2 == 0) {
                        into.later().add(one.run());
                        intoOther.later().add(two.run());
                    } else {
                        intoOther.later().add(two.run());
                        into.later().add(one.run());
                    }
                }
            }
        }
    }

    /** Without a command nothing is started, but all of the way there and back is gone: what a later run takes over one by the Java API cannot be more. */
    private static Samples refusedRuns(List<String> command) {
        try (PacedRuns runs = PacedRuns.start(command, Redirect.DISCARD)) {
            runs.run();
            return new Samples(DoubleStream.generate(runs::run).limit(REFUSED).toArray());
        }
    }

    private static String code(Status status) {
        return Integer.toString(status.code());
    }

    private static double medianOf(List<Double> values) {
        return samples(values).median();
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
