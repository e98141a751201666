package vmette.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

/**
 * A process that does one run for each line it is sent, and answers each with the nanosecond of the monotonic clock at which it was over. It
 * ends with its input. Blocking; use from one thread.
 */
final class PacedRuns implements AutoCloseable {
    private final String name;
    private final Process process;
    private final OutputStream orders;
    private final BufferedReader answers;
    private final long started;
    private boolean cold = true;

    private PacedRuns(String name, Process process, long started) {
        this.name = name;
        this.process = process;
        this.orders = process.getOutputStream();
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.started = started;
    }

    /** Its JVM has no archive of classes, and is of this one's kind. */
    static PacedRuns start(List<String> command, Redirect errors) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors);
        builder.environment().putAll(Map.of("VMETTE_CDS", "off", "VMETTE_JAVA_HOME", System.getProperty("java.home")));
        long started = System.nanoTime();
        try {
            return new PacedRuns(command.get(0), builder.start(), started);
        } catch (IOException e) {
            throw new VmetteIoException("cannot start " + command.get(0) + ": " + e.getMessage(), e);
        }
    }

    /** Milliseconds that one run takes; the first from the start of the process on. */
    double run() {
        long begun = cold ? started : System.nanoTime();
        cold = false;
        try {
            orders.write('\n');
            orders.flush();
            String answer = answers.readLine();
            if (answer == null) {
                throw new StartFailedException(name + " ended with status "
                        + Await.on(process.onExit()).exitValue() + " instead of a run's end");
            }
            return (Long.parseLong(answer) - begun) / 1e6;
        } catch (IOException e) {
            throw new VmetteIoException("cannot have " + name + " do a run: " + e.getMessage(), e);
        }
    }

    /** What a failed one has started is its own to end, as it is told that nobody asks for more. */
    @Override
    public void close() {
        try {
            orders.close();
        } catch (IOException e) {
            // It has ended by itself.
            process.destroy();
        }
        Await.on(process.onExit());
    }
}
