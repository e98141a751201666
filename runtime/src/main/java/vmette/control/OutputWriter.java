package vmette.control;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import vmette.errors.VmetteIoException;

/** Writes one output of a command at the pace of whoever takes it, and grants as much as has been written. */
final class OutputWriter {
    private static final byte[] LAST = new byte[0];

    private final String name;
    private final int stream;
    private final OutputStream to;
    private final ControlConnection connection;
    // Bounded by what has been granted.
    private final BlockingQueue<byte[]> waiting = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile IOException failure;

    OutputWriter(String name, int stream, OutputStream to, ControlConnection connection) {
        this.name = name;
        this.stream = stream;
        this.to = to;
        this.connection = connection;
        thread = new Thread(this::write, "vmette-exec-output-" + stream);
        thread.setDaemon(true);
        thread.start();
    }

    void add(byte[] bytes) {
        waiting.add(bytes);
    }

    /** Ends it without waiting. */
    void end() {
        waiting.add(LAST);
    }

    /**
     * Waits until all has been written.
     *
     * @throws VmetteIoException if that was not possible, unless nobody wants it
     */
    void finish() {
        end();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (failure != null && !isReaderGone(failure)) {
            throw new VmetteIoException(
                    "cannot write what the command wrote to " + name + ": " + failure.getMessage()
                            + "; some of it is lost",
                    failure);
        }
    }

    private void write() {
        try {
            for (byte[] bytes = waiting.take(); bytes != LAST; bytes = waiting.take()) {
                if (failure == null) {
                    put(bytes);
                }
                grant(Credit.cost(bytes.length));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void put(byte[] bytes) {
        try {
            to.write(bytes);
            to.flush();
        } catch (IOException e) {
            failure = e;
            send(new ControlFrame.Answer(List.of("closed", Integer.toString(stream))));
        }
    }

    private void grant(int bytes) {
        send(new ControlFrame.Grant(stream, bytes));
    }

    private void send(ControlFrame frame) {
        try {
            connection.write(frame);
        } catch (IOException over) {
            // Whoever reads learns of it.
        }
    }

    /** Whether a write failed because nobody reads any more. */
    static boolean isReaderGone(IOException failure) {
        return String.valueOf(failure.getMessage()).contains("Broken pipe");
    }
}
