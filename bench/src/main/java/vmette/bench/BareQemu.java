package vmette.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

/** Runs QEMU without the product, one process at a time, and times it. */
final class BareQemu {
    private static final long DEADLINE_SECONDS = 120;
    private static final Path SHARED = Path.of("/dev/shm");
    private static final String MEMORY = "memory";
    private static final Redirect NO_INPUT = Redirect.from(new File("/dev/null"));

    private final List<String> productLine;
    private volatile Process living;
    private volatile Path directory;

    /** @param productLine of the product's VM to compare with */
    BareQemu(List<String> productLine) {
        this.productLine = List.copyOf(productLine);
        Runtime.getRuntime().addShutdownHook(new Thread(this::kill, "bench-bare-qemu"));
    }

    private void kill() {
        Process process = living;
        if (process != null) {
            process.destroyForcibly();
        }
        Path made = directory;
        if (made != null) {
            try {
                Files.deleteIfExists(made.resolve(MEMORY));
                Files.deleteIfExists(made);
            } catch (IOException e) {
                System.err.println("bench: cannot remove " + made + ": " + e);
            }
        }
    }

    private List<String> line(String command) {
        return BareLine.of(productLine, command, directory.resolve(MEMORY));
    }

    /**
     * A line seen on the console.
     *
     * @param millis from before the spawn until the line
     * @param cpuMillis processor time of QEMU when the line had come
     * @param rest what the console carried after it
     */
    record Sight(double millis, double cpuMillis, String rest) {}

    /** Boots, runs the command, and waits for this line on the serial port; returns when the guest has powered off. */
    Sight untilLine(String command, String marker) {
        long begun = System.nanoTime();
        try (BufferedReader console = open(command)) {
            String line = console.readLine();
            while (line != null && !line.equals(marker)) {
                line = console.readLine();
            }
            double millis = millisSince(begun);
            if (line == null) {
                throw failed(command, "the line \"" + marker + "\" never came");
            }
            double cpuMillis = HostUse.cpuMillisOf(living.pid());
            StringJoiner rest = new StringJoiner("\n");
            for (String more = console.readLine(); more != null; more = console.readLine()) {
                rest.add(more);
            }
            awaitExit(command);
            return new Sight(millis, cpuMillis, rest.toString());
        } catch (IOException e) {
            throw new VmetteIoException("cannot run " + productLine.get(0) + ": " + e.getMessage(), e);
        }
    }

    /** Boots, runs the command, and returns the milliseconds until the process was gone. */
    double untilExit(String command) {
        long begun = System.nanoTime();
        try (BufferedReader console = open(command)) {
            for (String line = console.readLine(); line != null; line = console.readLine()) {
                // Its console has to be read, or it would block.
            }
            awaitExit(command);
            return millisSince(begun);
        } catch (IOException e) {
            throw new VmetteIoException("cannot run " + productLine.get(0) + ": " + e.getMessage(), e);
        }
    }

    private BufferedReader open(String command) throws IOException {
        directory = Files.createTempDirectory(SHARED, "vmette-bench");
        Process process = new ProcessBuilder(line(command))
                .redirectInput(NO_INPUT)
                .redirectErrorStream(true)
                .start();
        living = process;
        Executor later = CompletableFuture.delayedExecutor(DEADLINE_SECONDS, TimeUnit.SECONDS);
        later.execute(process::destroyForcibly);
        InputStream output = process.getInputStream();
        return new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8));
    }

    private void awaitExit(String command) {
        try {
            int status = living.waitFor();
            if (status != 0) {
                throw failed(command, "it ended with status " + status);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(command, "interrupted");
        } finally {
            kill();
        }
    }

    private StartFailedException failed(String command, String why) {
        kill();
        return new StartFailedException("the bare QEMU that was to run \"" + command + "\" failed: " + why
                + ", with " + DEADLINE_SECONDS + " s to do it; its command line was "
                + String.join(" ", line(command)));
    }

    static double millisSince(long begunNanos) {
        return (System.nanoTime() - begunNanos) / 1e6;
    }
}
