package vmette.rootfs;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import vmette.errors.InvalidConfigException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;
import vmette.process.ChildProcesses;
import vmette.process.Executables;
import vmette.vmm.GuestText;

/** One virtiofsd, which shares one directory with one incarnation of a VM. Ends with the monitor that it serves. Thread-safe. */
public final class ShareDaemon implements AutoCloseable {
    private static final List<String> PLACES = List.of("/usr/libexec", "/usr/lib/qemu", "/usr/lib");
    private static final long START_MILLIS = 20_000;
    private static final int KEPT_LINES = 8;
    private static final int KEPT_CHARACTERS = 300;

    private final String name;
    private final Process process;
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private final Deque<String> lastLines = new ArrayDeque<>();

    private ShareDaemon(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /**
     * Starts one and waits until it listens.
     *
     * @param name for people, such as {@code the share work}
     * @param directory what is shared
     * @param readOnly whether the host itself refuses writes
     * @param socket where it listens; beside it, a directory of that name with {@code .d} is made, which goes with the VM's
     * @throws VmetteException if the directory is none, there is no daemon, or it does not start
     */
    public static ShareDaemon start(
            ChildProcesses children, String name, Path directory, boolean readOnly, Path socket) {
        if (!Files.isDirectory(directory)) {
            throw new InvalidConfigException(name + ": " + directory + " is not a directory of this host");
        }
        if (!Files.isReadable(directory) || !Files.isExecutable(directory)) {
            throw new InvalidConfigException(name + ": " + directory + " may not be read by this user");
        }
        Path mountAt = Path.of(socket + ".d");
        if (mountAt.toString().indexOf(',') >= 0) {
            throw new InvalidConfigException(
                    "vmette.runtime-dir has a comma in it: a VM with shares needs one without");
        }
        Path unshare = Executables.find("unshare")
                .orElseThrow(
                        () -> new StartFailedException(
                                name
                                        + " needs the program unshare, which is not on the PATH; it is in the package util-linux: install that"));
        Path daemon = Executables.find("virtiofsd", PLACES)
                .orElseThrow(
                        () -> new StartFailedException(
                                name + " needs virtiofsd, which is in none of " + PLACES
                                        + " nor on the PATH; on Debian 12: apt-get install qemu-system-common, later: apt-get install virtiofsd"));
        boolean root = isRoot();
        try {
            Files.createDirectory(mountAt);
        } catch (IOException e) {
            throw new VmetteIoException("cannot make " + mountAt + ": " + e.getMessage(), e);
        }
        ShareDaemon started = new ShareDaemon(
                name,
                spawn(
                        children,
                        ShareCommand.of(unshare, daemon, root, directory.toAbsolutePath(), readOnly, mountAt, socket)));
        started.listen();
        started.awaitSocket(socket);
        return started;
    }

    private static boolean isRoot() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException e) {
            throw new VmetteIoException("cannot look at /proc/self: " + e.getMessage(), e);
        }
    }

    private static Process spawn(ChildProcesses children, List<String> command) {
        try {
            return children.spawn(command, Redirect.from(Path.of("/dev/null").toFile()))
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private void listen() {
        Thread reader = new Thread(this::read, "vmette-virtiofsd-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            StringBuilder line = new StringBuilder();
            for (int c; (c = lines.read()) >= 0; ) {
                if (c == '\n') {
                    keep(line.toString());
                    line.setLength(0);
                } else if (line.length() < KEPT_CHARACTERS) {
                    line.append((char) c);
                }
            }
            keep(line.toString());
        } catch (IOException e) {
            keep(e.toString());
        }
        process.onExit()
                .thenAccept(gone ->
                        ended.complete("virtiofsd for " + name + " ended with status " + gone.exitValue() + said()));
    }

    private void keep(String line) {
        synchronized (lastLines) {
            if (!line.isBlank()) {
                lastLines.add(GuestText.printable(line.strip()));
            }
            if (lastLines.size() > KEPT_LINES) {
                lastLines.remove();
            }
        }
    }

    private String said() {
        synchronized (lastLines) {
            return lastLines.isEmpty() ? "" : ": " + String.join(" | ", lastLines);
        }
    }

    private void awaitSocket(Path socket) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        try {
            while (!Files.exists(socket)) {
                if (!process.isAlive()) {
                    throw new StartFailedException(
                            "cannot share a directory: " + ended.get(START_MILLIS, TimeUnit.MILLISECONDS));
                }
                if (System.nanoTime() > deadline) {
                    throw new OperationTimeoutException(
                            "virtiofsd for " + name + " does not listen within " + START_MILLIS / 1000 + " s" + said());
                }
                process.waitFor(2, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new StartFailedException("interrupted while virtiofsd for " + name + " started", e);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            close();
            throw new StartFailedException("virtiofsd for " + name + " ended while it started" + said(), e);
        } catch (VmetteException e) {
            close();
            throw e;
        }
    }

    /** Completes, never exceptionally, with a line that says how, when the process is gone. */
    public CompletionStage<String> ended() {
        return ended.minimalCompletionStage();
    }

    /** Ends it. Idempotent; {@link #ended} says when. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
