package vmette.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Drains a process's output into a {@link ConsoleTail}, on a thread of its own, so that the process never waits. */
final class OutputReader {
    private static final int STACK_BYTES = 128 * 1024;
    private static final int CHUNK_BYTES = 4 * 1024;

    private final InputStream output;
    private final ConsoleTail tail;
    private final CompletableFuture<Void> drained = new CompletableFuture<>();

    private OutputReader(InputStream output, ConsoleTail tail) {
        this.output = output;
        this.tail = tail;
    }

    /** Completes, never exceptionally, at the output's end. */
    static CompletionStage<Void> start(String name, InputStream output, ConsoleTail tail) {
        OutputReader reader = new OutputReader(output, tail);
        Thread thread = new Thread(null, reader::run, "vmette-console-" + name, STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        return reader.drained;
    }

    private void run() {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (output) {
            for (int n = output.read(chunk); n >= 0; n = output.read(chunk)) {
                tail.append(chunk, n);
            }
        } catch (IOException e) {
            byte[] note = ("\n(the console ends here: " + e.getMessage() + ")\n").getBytes(StandardCharsets.UTF_8);
            tail.append(note, note.length);
        } finally {
            drained.complete(null);
        }
    }
}
