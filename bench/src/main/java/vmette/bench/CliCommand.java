package vmette.bench;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

/** A whole {@code vmette run}, from a cold process to its end, next to bare QEMU from spawn to power-off. */
@Command(
        name = "cli",
        description = "Wall time of `./vmette run --quiet --exec true` minus that of bare QEMU doing the same.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CliCommand implements Callable<Integer> {
    private static final double TARGET_SECONDS = 0.6;
    private static final String COMMAND = "true";
    private static final Duration ARCHIVE_PATIENCE = Duration.ofMinutes(2);

    @Mixin
    private ReportOptions output;

    @Option(names = "--pairs", paramLabel = "N", description = "Timed pairs. Default: ${DEFAULT-VALUE}.")
    private int pairs = 10;

    @Option(names = "--warmup", paramLabel = "N", description = "Untimed pairs before. Default: ${DEFAULT-VALUE}.")
    private int warmup = 2;

    @Option(
            names = "--vmette",
            paramLabel = "FILE",
            defaultValue = "${sys:vmette.bench.home}/vmette",
            description = "The launcher. Default: that of this clone.")
    private Path launcher;

    private final List<Double> product = new ArrayList<>();
    private final List<Double> bare = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Counts.requireAtLeast("--pairs", pairs, 1);
        Counts.requireAtLeast("--warmup", warmup, 1);
        if (!Files.isExecutable(launcher)) {
            throw new InvalidConfigException("there is no launcher " + launcher + ": name one with --vmette");
        }
        String load = MachineDescription.load();
        Product.Probe probe;
        try (Product runtime = Product.start(RuntimeSettings.load())) {
            probe = runtime.probe();
        }
        BareQemu qemu = new BareQemu(probe.commandLine());
        boolean archive = false;
        for (int i = -warmup; i < pairs; i++) {
            if (i == -warmup) {
                // Its first run of a build makes the archive in the background, which must not run beside what is
                // timed.
                seconds();
                archive = awaitArchive();
            }
            if (i == 0) {
                product.clear();
                bare.clear();
            }
            if (i % 2 == 0) {
                product.add(seconds());
                bare.add(qemu.untilExit(COMMAND) / 1e3);
            } else {
                bare.add(qemu.untilExit(COMMAND) / 1e3);
                product.add(seconds());
            }
        }
        Samples ours = samples(product);
        Samples theirs = samples(bare);
        output.publish(new Report.Builder("cli")
                .spread("vmette run", ours, "s")
                .spread("bare QEMU", theirs, "s")
                .row(Row.of("difference of the medians", ours.median() - theirs.median(), "s")
                        .target(TARGET_SECONDS))
                .note("archive of loaded classes: " + (archive ? "in use" : "none"))
                .build(MachineDescription.read(probe.ready(), load)));
        return 0;
    }

    private double seconds() {
        Redirect nothing = Redirect.from(new File("/dev/null"));
        ProcessBuilder builder = new ProcessBuilder(launcher.toString(), "run", "--quiet", "--exec", COMMAND)
                .redirectInput(nothing)
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT);
        long begun = System.nanoTime();
        try {
            int status = builder.start().waitFor();
            double seconds = BareQemu.millisSince(begun) / 1e3;
            if (status != 0) {
                throw new StartFailedException(String.join(" ", builder.command()) + " ended with status " + status
                        + ": run it by hand to see why");
            }
            return seconds;
        } catch (IOException e) {
            throw new VmetteIoException("cannot run " + launcher + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartFailedException("interrupted while " + launcher + " ran", e);
        }
    }

    /** Whether the launcher's archive for its present build is there; waits for one that is being made. */
    private boolean awaitArchive() throws IOException {
        Path digest = launcher.toAbsolutePath().resolveSibling("runtime/target/dist/digest");
        String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", System.getProperty("user.home") + "/.cache");
        if ("off".equals(System.getenv("VMETTE_CDS")) || !Files.exists(digest)) {
            return false;
        }
        Path archives =
                Path.of(cache, "vmette", "cds", Files.readAllLines(digest).get(0));
        Await.until(() -> has(archives, ".jsa") || has(archives, ".failed"), ARCHIVE_PATIENCE);
        return has(archives, ".jsa");
    }

    private static boolean has(Path directory, String suffix) {
        if (!Files.isDirectory(directory)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            return files.anyMatch(file -> file.toString().endsWith(suffix));
        } catch (IOException e) {
            throw new VmetteIoException("cannot look into " + directory + ": " + e.getMessage(), e);
        }
    }

    private static Samples samples(List<Double> values) {
        return new Samples(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
