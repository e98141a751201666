package vmette;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import vmette.control.ControlServer;
import vmette.control.ControlledRuntime;

/** The runtime's control socket, opened when the first VM is published. */
final class LazyControl implements AutoCloseable {
    private static final long IDLE_SECONDS = 10;

    private final Machinery machines;
    private final ControlledRuntime runtime;
    private final Executor worker;
    private CompletionStage<ControlServer> server;

    LazyControl(Machinery machines, ControlledRuntime runtime) {
        this(machines, runtime, oneThread());
    }

    /** @param worker runs what is given to it one after the other, and may wait for files */
    LazyControl(Machinery machines, ControlledRuntime runtime, Executor worker) {
        this.machines = machines;
        this.runtime = runtime;
        this.worker = worker;
    }

    /** It goes when it has nothing to do. */
    private static Executor oneThread() {
        ThreadPoolExecutor thread =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread one = new Thread(task, "vmette-names");
                    one.setDaemon(true);
                    return one;
                });
        thread.allowCoreThreadTimeOut(true);
        return thread;
    }

    /**
     * Does something with it where that may wait for files, as the claim of a name does: whoever asks for it may be an actor, and waits for nothing.
     *
     * @param system has to be up as well
     */
    <T> CompletionStage<T> work(CompletionStage<?> system, Function<ControlServer, T> work) {
        return get().thenCombineAsync(system, (open, up) -> work.apply(open), worker);
    }

    private synchronized CompletionStage<ControlServer> get() {
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
