package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A directory with a configuration of its own, so that what a run leaves behind can be told exactly: every process of it has the
 * directory's path among its arguments, and every file is in it. As an extension of a test, it looks for what that left, and closes.
 */
public final class Sandbox implements AutoCloseable, AfterEachCallback {
    /** Generous: a loaded machine under TCG is slow, and a test that hangs still ends. */
    public static final long DEADLINE_SECONDS = 240;

    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path directory;

    private Sandbox(Path directory) {
        this.directory = directory;
    }

    /** With these settings, in which {@code {dir}} stands for the directory. A path in /tmp is short enough for sockets. */
    public static Sandbox create(String settings) {
        try {
            Path directory = Files.createTempDirectory(Path.of("/tmp"), "vm");
            Files.createDirectory(directory.resolve("run"));
            Sandbox sandbox = new Sandbox(directory);
            Files.writeString(
                    sandbox.config(), sandbox.resolved("vmette.runtime-dir = \"{dir}/run\"\n" + settings + "\n"));
            return sandbox;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path directory() {
        return directory;
    }

    public Path config() {
        return directory.resolve("vmette.conf");
    }

    String resolved(String text) {
        return text.replace("{dir}", directory.toString());
    }

    /** The living processes that have something to do with this sandbox; one that was killed and not reaped has no arguments. */
    List<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(process -> arguments(process).contains(directory.toString()))
                .toList();
    }

    public List<ProcessHandle> emulators() {
        return processes().stream()
                .filter(process -> arguments(process).startsWith("/usr/bin/qemu-system"))
                .toList();
    }

    List<ProcessHandle> runtimes() {
        return processes().stream()
                .filter(process -> arguments(process).contains(" vmette.cli.Main "))
                .toList();
    }

    private static String arguments(ProcessHandle process) {
        try {
            return Files.readString(
                            Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException gone) {
            return "";
        }
    }

    /** Waits until neither a process nor a file of any runtime is left, or fails naming what is. */
    public void assertNothingLeft() {
        waitFor(() -> processes().isEmpty() && files().isEmpty());
        assertThat(processes()).isEmpty();
        assertThat(files()).isEmpty();
    }

    /** All but the directory that a user's runtimes share. */
    private List<Path> files() {
        try (Stream<Path> found = Files.walk(directory.resolve("run"))) {
            return found.skip(1)
                    .filter(path -> !path.getFileName().toString().matches("vmette-[0-9]+"))
                    .toList();
        } catch (IOException | UncheckedIOException changing) {
            return List.of(directory);
        }
    }

    /** Returns when the condition holds, or at the deadline. */
    public static boolean waitFor(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return true;
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        try {
            assertNothingLeft();
        } finally {
            close();
        }
    }

    @Override
    public void close() throws IOException {
        processes().forEach(ProcessHandle::destroyForcibly);
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.deleteIfExists(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
