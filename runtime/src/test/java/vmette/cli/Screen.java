package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A real terminal with a shell in it, by a tmux(1) of the test's own; its socket is in the sandbox. */
public final class Screen implements AutoCloseable {
    private static final String LAUNCHER =
            Path.of("..", "vmette").toAbsolutePath().normalize().toString();

    private final Sandbox sandbox;
    private final String tty;

    public Screen(Sandbox sandbox, int columns, int rows) {
        this.sandbox = sandbox;
        tmux(
                "new-session",
                "-d",
                "-x",
                Integer.toString(columns),
                "-y",
                Integer.toString(rows),
                "PS1='$ ' exec /bin/sh");
        this.tty = tmux("display-message", "-p", "#{pane_tty}").strip();
        await("$ ");
    }

    private String tmux(String... arguments) {
        List<String> command = new ArrayList<>(
                List.of("tmux", "-S", sandbox.directory().resolve("tmux").toString(), "-f", "/dev/null"));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private String run(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        Launched.settle(builder.environment());
        builder.environment().put("LC_ALL", "C.UTF-8");
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(process.exitValue()).as("%s: %s", command, output).isZero();
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Types the launcher's command line; the shell shows {@code code=N} when it has ended. */
    void launch(String arguments) {
        type(LAUNCHER + " " + arguments + " --config " + sandbox.config() + "; echo code=$?");
    }

    /** Types a line. */
    public void type(String line) {
        tmux("send-keys", "-l", "--", line);
        press("Enter");
    }

    /** Presses a key by tmux's name for it. */
    void press(String key) {
        tmux("send-keys", key);
    }

    void resize(int columns, int rows) {
        tmux("resize-window", "-x", Integer.toString(columns), "-y", Integer.toString(rows));
    }

    /** What is to be seen, and what has scrolled away. */
    String text() {
        return tmux("capture-pane", "-p", "-J", "-S", "-");
    }

    /** Waits until a line ends with this: a prompt, or the echo of a control character, may be before it. */
    public void awaitLine(String end) {
        await(end, text -> text.lines().anyMatch(line -> line.stripTrailing().endsWith(end)));
    }

    /** Waits until this is to be seen. */
    public void await(String expected) {
        await(expected, text -> text.contains(expected));
    }

    private void await(String what, Predicate<String> seen) {
        assertThat(Sandbox.waitFor(() -> seen.test(text())))
                .as("'%s' on the screen, which shows:%n%s", what, text())
                .isTrue();
    }

    /** The terminal's settings in full, asked from outside, with no regard to who uses it. */
    public String settings() {
        return run(List.of("stty", "-a", "-F", tty));
    }

    /** Closes the terminal, with whatever runs in it; the programs see it hung up. */
    @Override
    public void close() {
        tmux("kill-server");
    }
}
