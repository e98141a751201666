package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A program that keeps credentials, as Docker's {@code docker-credential-*} do: {@code get}, the registry on its standard input, a JSON object
 * on its standard output. Bounded in time and output; what it says is shown to nobody.
 */
final class CredentialHelper {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final Duration REAP = Duration.ofSeconds(10);
    private static final int MAX_ANSWER = 64 << 10;
    private static final String TOKEN_USER = "<token>";

    private final String program;
    private final String searchPath;

    CredentialHelper(String program, String searchPath) {
        this.program = program;
        this.searchPath = searchPath;
    }

    /** What it keeps for this name; empty where it knows none, or fails. */
    Optional<Credential> get(String name, Consumer<String> warn) throws InterruptedException {
        Optional<Path> found = Arrays.stream(searchPath.split(File.pathSeparator, -1))
                .filter(directory -> directory.startsWith("/"))
                .map(directory -> Path.of(directory, program))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst();
        if (found.isEmpty()) {
            warn.accept(
                    "warning: the credential helper " + program + " that Docker's configuration names is not in PATH");
            return Optional.empty();
        }
        // A file and not a pipe: no thread has to empty it, and a grandchild that keeps it open delays nothing.
        Path answer = null;
        try {
            // for the user alone, as createTempFile makes them
            answer = Files.createTempFile("vmette-credential", "");
            return run(found.get(), name, answer, warn);
        } catch (IOException e) {
            warn.accept("warning: the credential helper " + program + " cannot be run");
            return Optional.empty();
        } finally {
            delete(answer);
        }
    }

    private Optional<Credential> run(Path executable, String name, Path answer, Consumer<String> warn)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(executable.toString(), "get")
                .redirectOutput(answer.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            try (OutputStream input = process.getOutputStream()) {
                input.write((name + "\n").getBytes(StandardCharsets.UTF_8));
            } catch (IOException ended) {
                // its status says why
            }
            if (!process.waitFor(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                warn.accept("warning: the credential helper " + program + " was stopped after " + TIMEOUT.toSeconds()
                        + " s");
                return Optional.empty();
            }
        } finally {
            kill(process);
        }
        // so it says that it knows none, too
        return process.exitValue() == 0 ? decode(answer, warn) : Optional.empty();
    }

    private Optional<Credential> decode(Path answer, Consumer<String> warn) throws IOException {
        try (InputStream in = Files.newInputStream(answer)) {
            JsonNode object = OciJson.object(in.readNBytes(MAX_ANSWER), "the answer");
            String user = object.path("Username").asText("");
            String secret = object.path("Secret").asText("");
            if (!secret.isEmpty() && !user.isEmpty()) {
                return Optional.of(
                        user.equals(TOKEN_USER) ? new Credential.Identity(secret) : new Credential.Basic(user, secret));
            }
        } catch (InvalidImageException noJson) {
            // its text may be a secret
        }
        warn.accept("warning: the credential helper " + program + " gave no answer that makes sense");
        return Optional.empty();
    }

    private static void kill(Process process) throws InterruptedException {
        if (process.isAlive()) {
            try (Stream<ProcessHandle> descendants = process.descendants()) {
                descendants.toList().forEach(ProcessHandle::destroyForcibly);
            }
            process.destroyForcibly();
            process.waitFor(REAP.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private static void delete(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
