package vmette.bench;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;
import vmette.process.ChildProcesses;

/** {@code vhost-device-vsock}, the back-end that ours is compared with: found by {@code bench/peer}, a process for each VM. */
final class PeerBackend {
    static final String NAME = "vhost-device-vsock";

    private static final Duration DEADLINE = Duration.ofSeconds(30);
    private static final Redirect NO_INPUT = Redirect.from(new java.io.File("/dev/null"));

    private final Path binary;
    private final String version;

    private PeerBackend(Path binary, String version) {
        this.binary = binary;
        this.version = version;
    }

    /** Empty, after a line that says why, if it is not to be had. */
    static Optional<PeerBackend> find() {
        Path script = Path.of(System.getProperty("vmette.bench.home", "."), "bench", "peer");
        Optional<Path> binary = output(Redirect.INHERIT, script.toString()).map(Path::of);
        Optional<String> version = binary.flatMap(file -> output(Redirect.DISCARD, file.toString(), "--version"));
        if (version.isEmpty()) {
            System.err.println("bench: " + NAME + " is not to be had: its rows are skipped");
        }
        return version.map(text -> new PeerBackend(binary.get(), text));
    }

    private static Optional<String> output(Redirect errors, String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectInput(NO_INPUT)
                    .redirectError(errors)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 && !text.isEmpty() ? Optional.of(text) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VmetteIoException("interrupted while looking for " + NAME, e);
        }
    }

    /** What it calls itself. */
    String version() {
        return version;
    }

    /**
     * Starts one, with its defaults, and waits until it listens for the front-end.
     *
     * @param device where it listens for the front-end
     * @param streams where it listens for the host's programs
     */
    Process start(ChildProcesses children, Path device, Path streams) {
        List<String> command = List.of(
                binary.toString(), "--guest-cid", "3", "--socket", device.toString(), "--uds-path", streams.toString());
        Process process = Await.on(children.spawn(command, NO_INPUT));
        if (!Await.until(() -> Files.exists(device) || !process.isAlive(), DEADLINE) || !process.isAlive()) {
            process.destroyForcibly();
            throw new StartFailedException(String.join(" ", command) + " does not listen within " + DEADLINE);
        }
        return process;
    }
}
