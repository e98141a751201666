package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** One run of the launcher script as a shell starts it in the foreground: in a process group of its own, its signals not ignored. */
final class Launched {
    /**
     * How it ended.
     *
     * @param code the exit code, 128 + n for signal n
     * @param stdout a character for each byte
     * @param stderr likewise
     */
    record Result(int code, String stdout, String stderr) {}

    /** Made by class-archive.sh where that was asked for: half a second less of a processor for each start. */
    private static final Path ARCHIVE =
            Path.of("target", "dist", "tests.jsa").toAbsolutePath().normalize();

    private static final AtomicInteger STARTS = new AtomicInteger();

    private final Process process;
    private final Path out;
    private final Path err;

    private Launched(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    static Result run(Sandbox sandbox, String... arguments) {
        return start(sandbox, arguments).result();
    }

    static Launched start(Sandbox sandbox, String... arguments) {
        return start(sandbox, Map.of(), new byte[0], arguments);
    }

    static Launched start(Sandbox sandbox, Map<String, String> environment, byte[] stdin, String... arguments) {
        // Each its own: some of them run at the same time.
        int number = STARTS.incrementAndGet();
        Path in = sandbox.directory().resolve("in-" + number);
        Path out = sandbox.directory().resolve("out-" + number);
        Path err = sandbox.directory().resolve("err-" + number);
        ProcessBuilder builder = builder(sandbox, arguments);
        builder.environment().putAll(environment);
        try {
            Files.write(in, stdin);
            builder.redirectInput(in.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
            return new Launched(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The process in its plainest form, its streams still to be said. */
    static ProcessBuilder builder(Sandbox sandbox, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "/usr/bin/setsid",
                "/usr/bin/env",
                "--default-signal=INT,TERM,PIPE",
                Path.of("..", "vmette").toAbsolutePath().normalize().toString()));
        command.addAll(List.of(arguments));
        // A subcommand, and that of one, has to come first.
        boolean subcommand = arguments.length > 0 && !arguments[0].startsWith("-");
        int words = !subcommand ? 0 : List.of("cache", "snapshot").contains(arguments[0]) ? 2 : 1;
        if (!List.of(arguments).contains("--config")) {
            command.addAll(4 + words, List.of("--config", sandbox.config().toString()));
        }
        ProcessBuilder builder = new ProcessBuilder(command);
        settle(builder.environment());
        return builder;
    }

    /** Makes a launcher run what is built, and leave nothing behind. */
    static void settle(Map<String, String> environment) {
        // No archive of classes but the tests' own: it would be made in the background, after the run and by another.
        environment.putAll(
                Map.of("VMETTE_BUILD", "never", "VMETTE_CDS", "off", "JAVA_HOME", System.getProperty("java.home")));
        if (Files.exists(ARCHIVE)) {
            environment.put("VMETTE_JAVA_OPTS", "-XX:SharedArchiveFile=" + ARCHIVE);
        }
        // The check's own, for a user whose HOME is not the one of passwd(5): a JVM says on standard error that it saw
        // it.
        environment.remove("JDK_JAVA_OPTIONS");
    }

    /** Waits until the command has written this text to its standard output. */
    void awaitOutput(String text) {
        assertThat(Sandbox.waitFor(() -> !process.isAlive() || read(out).contains(text)))
                .isTrue();
        assertThat(read(out)).as("stdout; stderr: %s", read(err)).contains(text);
    }

    /** What it has written to its standard error so far. */
    String errors() {
        return read(err);
    }

    /** What it has written to its standard output so far. */
    String output() {
        return read(out);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal to the whole group, as a terminal does, or to the JVM alone. */
    void signal(String name, boolean group) {
        try {
            Process kill = new ProcessBuilder(
                            "/bin/sh", "-c", "kill -s " + name + " -- " + (group ? "-" : "") + process.pid())
                    .start();
            assertThat(kill.waitFor()).isZero();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Result result() {
        try {
            if (!process.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("no end within " + Sandbox.DEADLINE_SECONDS + " s; stderr: " + read(err));
            }
            return new Result(process.exitValue(), read(out), read(err));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
