package vmette.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

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
    private static final String COMMAND = "true";

    private static final String PROGRAM = """
            #include <stdio.h>
            #include <stdlib.h>
            #include <time.h>
            #include <vmette.h>

            int main(int argc, char **argv) {
                vmette_config_t *vm = vmette_config_new("", "");
                vmette_config_set_exec(vm, argv[2]);
                for (int i = 0; i < atoi(argv[1]); i++) {
                    vmette_run_output_t *out = NULL;
                    struct timespec now;
                    if (argc != 3 || vmette_run(vm, &out) != VMETTE_STATUS_OK || vmette_run_output_exit_code(out) != 0) {
                        return 1;
                    }
                    clock_gettime(CLOCK_MONOTONIC, &now);
                    printf("%lld\\n", now.tv_sec * 1000000000LL + now.tv_nsec);
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
    private int later = 5;

    @Option(
            names = "--dist",
            paramLabel = "DIR",
            defaultValue = "${sys:vmette.bench.home}/runtime/target/dist",
            description = "What was built. Default: that of this clone.")
    private Path dist;

    /** Milliseconds, of the first and of later runs. */
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
        try {
            Files.writeString(source, PROGRAM);
            lines(List.of(
                    "gcc",
                    "-O2",
                    "-o",
                    program.toString(),
                    source.toString(),
                    "-I" + dist,
                    dist.resolve("libvmette.so.0").toString(),
                    "-Wl,-rpath," + dist));
            List<String> c = List.of(program.toString(), Integer.toString(later + 1), COMMAND);
            List<String> java = javaPath();
            for (int i = 0; i < pairs; i++) {
                time(i % 2 == 0 ? c : java, i % 2 == 0 ? ours : theirs);
                time(i % 2 == 0 ? java : c, i % 2 == 0 ? theirs : ours);
            }
        } finally {
            Files.deleteIfExists(program);
            Files.deleteIfExists(source);
            Files.deleteIfExists(directory);
        }
        output.publish(report(ours, theirs).build(MachineDescription.read(probe.ready(), load)));
        return 0;
    }

    private static Report.Builder report(Times ours, Times theirs) {
        return new Report.Builder("capi")
                .spread("first run, C", samples(ours.first()), "ms")
                .spread("first run, Java", samples(theirs.first()), "ms")
                .spread("later runs, C", samples(ours.later()), "ms")
                .spread("later runs, Java", samples(theirs.later()), "ms")
                .row(Row.of("first run: difference of the medians", difference(ours.first(), theirs.first()), "ms")
                        .target(FIRST_TARGET_MILLIS))
                .row(Row.of("later runs: difference of the medians", difference(ours.later(), theirs.later()), "ms")
                        .target(LATER_TARGET_MILLIS))
                .row(Row.of("first run, C, over later runs, Java", difference(ours.first(), theirs.later()), "ms"))
                .note(
                        "A first run is from the start of its process. Neither has an archive of classes; both JVMs have the same options.");
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
                Integer.toString(later + 1),
                COMMAND);
    }

    private static void time(List<String> command, Times times) {
        long last = System.nanoTime();
        List<Double> into = times.first();
        for (String line : lines(command)) {
            long end = Long.parseLong(line);
            into.add((end - last) / 1e6);
            last = end;
            into = times.later();
        }
    }

    private static List<String> lines(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(Redirect.INHERIT);
        builder.environment().putAll(Map.of("VMETTE_CDS", "off", "VMETTE_JAVA_HOME", System.getProperty("java.home")));
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new StartFailedException(String.join(" ", command) + " ended with status " + process.exitValue());
            }
            return said.lines().toList();
        } catch (IOException e) {
            throw new VmetteIoException("cannot run " + command.get(0) + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartFailedException("interrupted while " + command.get(0) + " ran", e);
        }
    }

    private static double difference(List<Double> ours, List<Double> theirs) {
        return samples(ours).median() - samples(theirs).median();
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
