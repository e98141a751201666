package vmette.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.vmm.GuestText;

/** A helper process that serves a monitor on a Unix socket. Thread-safe. */
public final class SocketDaemon implements AutoCloseable {
    private static final long START_MILLIS = 20_000;
    private static final long LAST_WORDS_MILLIS = 500;
    private static final int KEPT_LINES = 8;
    private static final int KEPT_CHARACTERS = 300;

    private final String name;
    private final Process process;
    private final Path socket;
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private final CompletableFuture<Void> allRead = new CompletableFuture<>();
    private final Deque<String> lastLines = new ArrayDeque<>();

    private SocketDaemon(String name, Process process, Path socket) {
        this.name = name;
        this.process = process;
        this.socket = socket;
    }

    /**
     * Starts one, which may be used after {@link #awaitSocket}: several can so start at once.
     *
     * @param name for people, such as {@code virtiofsd for the share work}
     * @param command absolute path and arguments
     * @param socket where it is going to listen
     * @throws StartFailedException if it cannot be spawned
     */
    public static SocketDaemon start(ChildProcesses children, String name, List<String> command, Path socket) {
        Process process;
        try {
            ChildPurpose purpose = new ChildPurpose(name, "", Optional.ofNullable(socket.getParent()));
            process = children.spawn(purpose, command, ChildSpawner.NO_INPUT)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
        SocketDaemon daemon = new SocketDaemon(name, process, socket);
        Thread reader = new Thread(daemon::read, "vmette-helper-" + process.pid());
        reader.setDaemon(true);
        reader.start();
        CompletionStage<Process> exit = process.onExit();
        exit.thenAccept(daemon::exited);
        return daemon;
    }

    /** What it has left behind may hold its output for ever. */
    private void exited(Process gone) {
        CompletionStage<Void> lastWords = allRead.completeOnTimeout(null, LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
        lastWords.thenAccept(read -> ended.complete(name + " ended with status " + gone.exitValue() + said()));
    }

    /**
     * Waits until its socket is there.
     *
     * @return this
     * @throws VmetteException if it does not come; nothing is left of the process then
     */
    public SocketDaemon awaitSocket() {
        try {
            poll();
            return this;
        } catch (VmetteException e) {
            close();
            // Whoever hears of the failure may take its directory away.
            ended.join();
            throw e;
        }
    }

    private void poll() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MILLIS);
        try {
            while (!Files.exists(socket)) {
                if (process.waitFor(2, TimeUnit.MILLISECONDS)) {
                    throw new StartFailedException(ended.join());
                }
                if (System.nanoTime() > deadline) {
                    throw new OperationTimeoutException(
                            name + " does not listen within " + START_MILLIS / 1000 + " s" + said());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartFailedException("interrupted while " + name + " started", e);
        }
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
        allRead.complete(null);
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

    /** Its process id, as long as it lives. */
    public OptionalLong pid() {
        return process.isAlive() ? OptionalLong.of(process.pid()) : OptionalLong.empty();
    }

    /** Completes, never exceptionally, with a line that says how, when the process is gone. */
    public CompletionStage<String> ended() {
        return ended.minimalCompletionStage();
    }

    /** Ends it. Idempotent; {@link #ended} says when. */
    @Override
    public void close() {
        // Not by the Process, which would take its last words away.
        process.toHandle().destroyForcibly();
    }
}
