package vmette.vmm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a process's output to its end, on a thread of its own: the last of it is kept, and all of it is passed on where somebody takes it. */
public final class OutputPump {
    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int SMALL_STACK_BYTES = 128 * 1024;
    private static final int USUAL_STACK = 0;
    private static final int CHUNK_BYTES = 16 * 1024;

    private final String name;
    private final InputStream from;
    private final ConsoleTail tail;
    private final OutputStream to;
    private final CompletableFuture<Void> drained = new CompletableFuture<>();
    private volatile boolean wanted = true;

    private OutputPump(String name, InputStream from, ConsoleTail tail, OutputStream to) {
        this.name = name;
        this.from = from;
        this.tail = tail;
        this.to = to;
    }

    /** Passes nothing on, so that the process never waits. */
    public static OutputPump start(String name, InputStream from, ConsoleTail tail) {
        return start(new OutputPump(name, from, tail, OutputStream.nullOutputStream()), SMALL_STACK_BYTES);
    }

    /**
     * Whoever takes it slowly slows the process down; once he fails nothing more is passed on.
     *
     * @param name of the VM, for the log and the thread
     * @param from is closed at its end
     * @param to is flushed after each chunk, and never closed
     */
    public static OutputPump start(String name, InputStream from, ConsoleTail tail, OutputStream to) {
        return start(new OutputPump(name, from, tail, to), USUAL_STACK);
    }

    private static OutputPump start(OutputPump pump, long stackBytes) {
        Thread thread = new Thread(null, pump::run, "vmette-console-" + pump.name, stackBytes);
        thread.setDaemon(true);
        thread.start();
        return pump;
    }

    /** Completes, never exceptionally, at the output's end. */
    public CompletionStage<Void> drained() {
        return drained.minimalCompletionStage();
    }

    /** From now on nothing more is passed on. Returns while the last may still be on its way to one who blocks. */
    public void stopPassing() {
        wanted = false;
    }

    private void run() {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (from) {
            for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
                tail.append(chunk, n);
                pass(chunk, n);
            }
        } catch (IOException e) {
            byte[] note = ("\n(the console ends here: " + e.getMessage() + ")\n").getBytes(StandardCharsets.UTF_8);
            tail.append(note, note.length);
        } finally {
            drained.complete(null);
        }
    }

    /** Who does not take it any more must not keep the guest from writing. */
    private void pass(byte[] chunk, int length) {
        if (!wanted) {
            return;
        }
        try {
            to.write(chunk, 0, length);
            to.flush();
        } catch (IOException | RuntimeException e) {
            LOG.warn("the output of VM {} is dropped from here on: {}", name, e.getMessage());
            wanted = false;
        }
    }
}
