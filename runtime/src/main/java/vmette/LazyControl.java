package vmette;

import java.util.concurrent.CompletionStage;
import vmette.control.ControlServer;
import vmette.control.ControlledRuntime;

/** The runtime's control socket, opened when the first VM is published. */
final class LazyControl implements AutoCloseable {
    private final Machinery machines;
    private final ControlledRuntime runtime;
    private CompletionStage<ControlServer> server;

    LazyControl(Machinery machines, ControlledRuntime runtime) {
        this.machines = machines;
        this.runtime = runtime;
    }

    synchronized CompletionStage<ControlServer> get() {
        if (server == null) {
            server = machines.directory().thenApply(directory -> ControlServer.open(directory, runtime));
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
