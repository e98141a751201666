package vmette.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** Serves the control socket of one runtime, to processes of the same user only. Thread-safe. */
public final class ControlServer implements AutoCloseable {
    static final String SOCKET = "ctl.sock";

    /** Those that have not said yet what they want are among them. */
    static final int MAX_CONNECTIONS = Kind.all() + 32;

    /** For clients that are being told the last. */
    private static final long LAST_WORDS_SECONDS = 2;

    private static final String GIVEN_UP = "given-up";

    private static final long RETRY_NANOS = 100_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    private final ClaimedNames names;
    private final ClaimedNames fleetNames;
    private final PublishedPools pools;
    private final Path directory;
    private final ServerSocketChannel listener;
    private final ControlledRuntime runtime;
    private final Map<String, ControlledVm> published = new ConcurrentHashMap<>();
    private final Map<String, ControlledFleet> fleets = new ConcurrentHashMap<>();
    private final Map<Kind, Semaphore> places = Kind.table(kind -> new Semaphore(kind.limit));
    private final Set<ControlConnection> connections = ConcurrentHashMap.newKeySet();
    private final AtomicInteger count = new AtomicInteger();
    private final Bounds bounds;
    private boolean closed;

    private ControlServer(
            RuntimeDirectory directory, ServerSocketChannel listener, ControlledRuntime runtime, Bounds bounds) {
        this.bounds = bounds;
        this.runtime = runtime;
        this.names = ClaimedNames.ofVms(directory);
        this.fleetNames = ClaimedNames.ofFleets(directory);
        this.pools = new PublishedPools(directory);
        this.directory = directory.path();
        this.listener = listener;
    }

    /** How many clients of this kind could begin now. */
    int free(Kind kind) {
        return places.get(kind).availablePermits();
    }

    /** Opens the socket in the runtime's directory. */
    public static ControlServer open(RuntimeDirectory directory, ControlledRuntime runtime) {
        return open(directory, runtime, Bounds.usual());
    }

    static ControlServer open(RuntimeDirectory directory, ControlledRuntime runtime, Bounds bounds) {
        Path socket = directory.path().resolve(SOCKET);
        try {
            ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                listener.bind(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                listener.close();
                throw e;
            }
            ControlServer server = new ControlServer(directory, listener, runtime, bounds);
            daemon("vmette-control", server::accept);
            return server;
        } catch (IOException e) {
            throw new VmetteIoException("cannot listen on the control socket " + socket + ": " + e.getMessage(), e);
        }
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Makes a VM reachable by its name.
     *
     * @throws vmette.errors.VmetteIoException if a VM of this user has the name already
     */
    public synchronized void publish(String name, ControlledVm vm) {
        if (closed) {
            throw new VmLostException("the runtime is closed: VM " + name + " was not published");
        }
        ControlledVm former = published.get(name);
        // Whoever launches another at a VM's end may be here before that one was withdrawn.
        if (former == null || !former.isOver()) {
            names.claim(name, "claimed");
        }
        published.put(name, vm);
    }

    /** Ends what {@link #publish} began, unless another has the name. */
    public synchronized void withdraw(String name, ControlledVm vm) {
        if (published.remove(name, vm)) {
            names.release(name);
        }
    }

    /**
     * Lets clients change and end a fleet.
     *
     * @throws vmette.errors.VmetteIoException if a fleet of this user has the name already
     */
    public void publish(ControlledFleet fleet) {
        fleetNames.claim(fleet.name(), fleet.file().toString());
        fleets.put(fleet.name(), fleet);
    }

    /** Lets clients run commands in the VMs of a pool. Throws as {@link #publish(String, ControlledVm)}. */
    public void publish(ControlledPool pool) {
        pools.publish(pool);
    }

    /** Ends that. */
    public void withdraw(ControlledPool pool) {
        pools.withdraw(pool);
    }

    PublishedPools pools() {
        return pools;
    }

    ControlledRuntime runtime() {
        return runtime;
    }

    Optional<ControlledVm> vm(String name) {
        return Optional.ofNullable(published.get(name));
    }

    Optional<ControlledFleet> fleet(String name) {
        return Optional.ofNullable(fleets.get(name));
    }

    private void accept() {
        while (true) {
            try {
                serve(listener.accept());
            } catch (IOException e) {
                if (!listener.isOpen()) {
                    return;
                }
                LOG.warn("the control socket did not accept a connection: {}", e.toString());
                // For want of descriptors, say, which lasts a while.
                LockSupport.parkNanos(RETRY_NANOS);
            }
        }
    }

    private void serve(SocketChannel channel) throws IOException {
        ControlConnection connection = new ControlConnection(channel);
        boolean ours = false;
        try {
            ours = isOurs(channel);
        } finally {
            if (!ours) {
                connection.close();
            }
        }
        if (!ours) {
            return;
        }
        if (count.incrementAndGet() > MAX_CONNECTIONS) {
            count.decrementAndGet();
            daemon("vmette-control-full", () -> refuse(connection));
        } else {
            connections.add(connection);
            daemon("vmette-control-client", () -> {
                Runnable begun = bounds.requests().begin(connection);
                try (connection) {
                    new ControlSession(connection, this, places, bounds, begun).run();
                } finally {
                    begun.run();
                    connections.remove(connection);
                    count.decrementAndGet();
                }
            });
        }
    }

    private static void refuse(ControlConnection connection) {
        try (connection) {
            connection.write(new ControlFrame.Failed(
                    "EAGAIN", MAX_CONNECTIONS + " clients are with this runtime, and no more go at a time: try again"));
        } catch (IOException gone) {
            // Nobody is there to be told.
        }
    }

    /** The directory lets nobody else through; whoever was handed a descriptor is asked all the same. */
    private boolean isOurs(SocketChannel channel) throws IOException {
        return channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().equals(Files.getOwner(directory));
    }

    /** What VMs and fleets stand as, one of a name. */
    List<Facts> vms() {
        Map<String, Facts> all = new TreeMap<>();
        runtime.vms().forEach(vm -> all.put(vm.text("name"), vm));
        for (ControlledFleet fleet : fleets.values()) {
            Facts name = Facts.of("fleet", fleet.name());
            fleet.members().forEach(member -> all.merge(member.text("name"), member.with(name), ControlServer::merged));
        }
        return List.copyOf(all.values());
    }

    /** What a VM tells goes over what its fleet knows of it, which alone knows that one should not have ended. */
    private static Facts merged(Facts seen, Facts told) {
        boolean givenUp =
                seen.text("state").equals("ended") && told.text("state").equals(GIVEN_UP);
        return givenUp ? told.with(seen).with(Facts.of("state", GIVEN_UP)) : told.with(seen);
    }

    /** Restarts a VM, in its place in its fleet if it has one, or a group; empty if there is none of that name. */
    Optional<CompletionStage<?>> restart(String name) {
        return fleets.values().stream()
                .flatMap(fleet -> fleet.restart(name).stream())
                .<CompletionStage<?>>map(done -> done)
                .findFirst()
                .or(() -> vm(name).map(ControlledVm::restart));
    }

    /** Whoever has been told that something is done has heard so before its runtime is gone. */
    private void letFinish() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LAST_WORDS_SECONDS);
        try {
            for (Kind kind : List.of(Kind.STOP, Kind.ORDER, Kind.FOLLOWER)) {
                places.get(kind).tryAcquire(kind.limit, deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        letFinish();
        try {
            listener.close();
            Files.deleteIfExists(directory.resolve(SOCKET));
        } catch (IOException e) {
            LOG.debug("the control socket did not close: {}", e.toString());
        }
        synchronized (this) {
            closed = true;
            published.forEach(this::withdraw);
        }
        fleets.keySet().forEach(fleetNames::release);
        pools.close();
        connections.forEach(ControlConnection::close);
    }
}
