package vmette.process;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.StartFailedException;

/**
 * Children on systems without {@code setpriv} and {@code /proc}, by what the JDK has: they are killed when this is closed or the JVM ends
 * in order. When it does not, nobody kills them: they have to look for their parent themselves. On Linux use {@link ChildProcesses}.
 */
public final class PortableChildren implements ChildSpawner, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PortableChildren.class);
    private static final long CLOSE_MILLIS = 5_000;

    private final Set<Process> living = new HashSet<>();
    private final ShutdownHook shutdownHook = new ShutdownHook(this::close);
    private boolean closed;

    private PortableChildren() {}

    /** Registers a shutdown hook that closes. */
    public static PortableChildren open() {
        PortableChildren children = new PortableChildren();
        children.shutdownHook.register();
        return children;
    }

    @Override
    public CompletionStage<Process> spawn(ChildPurpose purpose, List<String> command, Redirect input) {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectInput(input).redirectErrorStream(true);
        builder.directory(Path.of("/").toFile());
        ChildEnvironment.reduce(builder.environment());
        Process process;
        synchronized (living) {
            if (closed) {
                return CompletableFuture.failedFuture(new StartFailedException(
                        "cannot spawn " + command.get(0) + ": all children of this process were ended"));
            }
            try {
                process = builder.start();
            } catch (IOException e) {
                return CompletableFuture.failedFuture(
                        new StartFailedException("cannot spawn " + command.get(0) + ": " + e.getMessage(), e));
            }
            living.add(process);
        }
        CompletionStage<Process> exit = process.onExit();
        exit.thenAccept(this::forget);
        return CompletableFuture.completedFuture(process);
    }

    private void forget(Process ended) {
        synchronized (living) {
            living.remove(ended);
        }
    }

    /** Kills all children and waits up to 5 s until they are reaped. Idempotent. */
    @Override
    public void close() {
        List<Process> last;
        synchronized (living) {
            closed = true;
            last = List.copyOf(living);
        }
        last.forEach(process -> process.toHandle().destroyForcibly());
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
        try {
            for (Process process : last) {
                if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    log.warn("the process {} does not die", process.pid());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        shutdownHook.remove();
    }
}
