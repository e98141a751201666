package vmette.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import vmette.errors.VmetteIoException;

/**
 * A program run to its end, within a time; at the timeout or an interrupt it is killed with all its children.
 *
 * @param exit its exit status
 * @param output the beginning of its standard output, at most 1 MiB
 * @param errors the beginning of its standard error, at most 1 MiB
 */
record ChildProcess(int exit, String output, String errors) {
    private static final int MAX_OUTPUT = 1 << 20;
    private static final Duration REAP = Duration.ofSeconds(10);

    /**
     * Runs it with no input.
     *
     * @param command program and arguments
     * @param scratch its working directory, in which files for its outputs are made and deleted
     * @param timeout how long it may take
     * @throws IOException when it cannot be started
     * @throws VmetteIoException at the timeout, or when the thread is interrupted, which it then still is
     */
    static ChildProcess run(List<String> command, Path scratch, Duration timeout) throws IOException {
        // files and not pipes: no thread has to empty them, and a grandchild that keeps one open delays nothing
        Path output = Files.createTempFile(scratch, "output", "");
        Path errors = Files.createTempFile(scratch, "errors", "");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(scratch.toFile())
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile());
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            try {
                if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
                    throw new VmetteIoException("'" + String.join(" ", command) + "' was stopped after "
                            + timeout.toSeconds() + " s: " + tail(read(errors)));
                }
                return new ChildProcess(process.exitValue(), read(output), read(errors));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new VmetteIoException("interrupted while '" + command.get(0) + "' was running", e);
            } finally {
                kill(process);
            }
        } finally {
            Files.deleteIfExists(output);
            Files.deleteIfExists(errors);
        }
    }

    /** The last line or two of what a program had to say, for a message. */
    static String tail(String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        String last = String.join(" ", lines.subList(Math.max(0, lines.size() - 2), lines.size()));
        return last.isEmpty() ? "it said nothing" : last.substring(Math.max(0, last.length() - 400));
    }

    private static void kill(Process process) {
        if (!process.isAlive()) {
            return;
        }
        try (Stream<ProcessHandle> descendants = process.descendants()) {
            descendants.toList().forEach(ProcessHandle::destroyForcibly);
        }
        process.destroyForcibly();
        boolean interrupted = Thread.interrupted();
        try {
            process.waitFor(REAP.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
        }
    }
}
