package vmette.control;

import java.io.IOException;
import java.util.function.Consumer;

/** Hears of a client that leaves, also while there is nothing to be sent to it. */
final class Leaving {
    private Leaving() {}

    /** Runs this once the client has left, or has said what it should not; also when the connection is closed on this side. */
    static void watch(ControlConnection connection, Consumer<IOException> left) {
        Thread watch = new Thread(() -> await(connection, left), "vmette-control-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private static void await(ControlConnection connection, Consumer<IOException> left) {
        try {
            connection.read();
            left.accept(new IOException("the client sent something where it had to wait"));
        } catch (IOException gone) {
            left.accept(gone);
        }
    }
}
