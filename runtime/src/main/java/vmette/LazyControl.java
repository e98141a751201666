package vmette;

import java.util.concurrent.CompletionStage;
import vmette.control.ControlServer;

/** The runtime's control socket, opened when the first VM is published. */
final class LazyControl implements AutoCloseable {
    private final Machinery machines;
    private CompletionStage<ControlServer> server;

    LazyControl(Machinery machines) {
        this.machines = machines;
    }

    synchronized CompletionStage<ControlServer> get() {
        if (server == null) {
            server = machines.directory().thenApply(ControlServer::open);
        }
        return server;
    }

    @Override
    public synchronized void close() {
        if (server != null) {
            server.thenAccept(ControlServer::close);
        }
    }
}
