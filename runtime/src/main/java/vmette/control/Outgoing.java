package vmette.control;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Frames on their way to a peer that may be slow, written by a thread of its own: whoever sends never waits. What waits here is bounded by the
 * credit of those who send. Thread-safe.
 */
final class Outgoing {
    private final ControlConnection connection;
    // Nothing: there is no more.
    private final BlockingQueue<Optional<ControlFrame>> waiting = new LinkedBlockingQueue<>();

    Outgoing(ControlConnection connection) {
        this.connection = connection;
        Thread writer = new Thread(this::write, "vmette-control-writer");
        writer.setDaemon(true);
        writer.start();
    }

    void send(ControlFrame frame) {
        waiting.add(Optional.of(frame));
    }

    /** Sends this last, and closes the connection then. */
    void finish(ControlFrame outcome) {
        waiting.add(Optional.of(outcome));
        waiting.add(Optional.empty());
    }

    /** There will be no more, and nobody to take it. */
    void end() {
        waiting.add(Optional.empty());
    }

    private void write() {
        try (connection) {
            for (Optional<ControlFrame> next = waiting.take(); next.isPresent(); next = waiting.take()) {
                connection.write(next.get());
            }
        } catch (IOException gone) {
            // The reader of the connection learns of it, too.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
