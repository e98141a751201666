package vmette.process;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.StartFailedException;

/**
 * A shell in a session of its own that puts a terminal's settings back when this JVM has died without doing so: it knows of the death
 * by the end of its standard input, whose other end only this JVM holds. Settings that are not ours any more are left alone: some shells
 * put a terminal back by themselves, and then make their own. Not thread-safe.
 */
public final class TerminalGuard implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TerminalGuard.class);

    /** The terminal is descriptor 2. In another session than the terminal's, so that nothing typed there is for it, and setting is not stopped. */
    private static final String SCRIPT = """
            trap '' HUP INT QUIT TERM
            read -r word
            [ "$word" != bye ] && [ "$(stty -g <&2 2>/dev/null)" = "$2" ] && stty "$1" <&2 2>/dev/null
            """;

    private final Process process;

    private TerminalGuard(Process process) {
        this.process = process;
    }

    /**
     * Starts it, to be called before the terminal is changed.
     *
     * @param fd the terminal's descriptor in this process
     * @param settings to put back, as {@code stty -g} prints them
     * @param ours what is put back if it is still in force, likewise
     * @throws StartFailedException if the terminal cannot be opened again, or no process be started
     */
    public static TerminalGuard start(int fd, String settings, String ours) {
        Path setsid = Executables.find("setsid")
                .orElseThrow(() -> new StartFailedException(
                        "the program setsid is not on the PATH; it is in the package util-linux: install that"));
        ProcessBuilder builder = new ProcessBuilder(
                List.of(setsid.toString(), "/bin/sh", "-c", SCRIPT, "vmette-terminal-guard", settings, ours));
        builder.directory(Path.of("/").toFile());
        ChildEnvironment.reduce(builder.environment());
        try {
            builder.redirectOutput(Redirect.DISCARD).redirectError(terminal(fd));
            return new TerminalGuard(builder.start());
        } catch (IOException e) {
            throw new StartFailedException("cannot start the terminal's guard: " + e.getMessage(), e);
        }
    }

    /** Inherited where that can be had: after su(1) the terminal still belongs to somebody else and cannot be opened. */
    private static Redirect terminal(int fd) throws IOException {
        Path path = Path.of("/proc/self/fd", Integer.toString(fd));
        boolean errorIsIt = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).equals(Files.readSymbolicLink(path));
        return errorIsIt ? Redirect.INHERIT : Redirect.appendTo(new File(path.toString()));
    }

    Process process() {
        return process;
    }

    /** The terminal has been put back: the guard leaves without touching it. Idempotent. */
    @Override
    public void close() {
        try (OutputStream input = process.getOutputStream()) {
            input.write("bye\n".getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            log.debug("the terminal's guard is gone", e);
        }
    }
}
