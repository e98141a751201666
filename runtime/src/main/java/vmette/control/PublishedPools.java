package vmette.control;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import vmette.errors.VmLostException;
import vmette.process.RuntimeDirectory;

/** The pools of a runtime that clients can reach, by name. Thread-safe. */
final class PublishedPools {
    private final ClaimedNames names;

    // Guarded by this.
    private final Map<String, ControlledPool> pools = new TreeMap<>();
    private boolean closed;

    PublishedPools(RuntimeDirectory directory) {
        names = ClaimedNames.ofPools(directory);
    }

    /**
     * Makes one reachable.
     *
     * @throws vmette.errors.VmetteIoException if a pool of this user has the name already
     */
    synchronized void publish(ControlledPool pool) {
        if (closed) {
            throw new VmLostException("the runtime is closed: the pool " + pool.name() + " was not published");
        }
        names.claim(pool.name(), "claimed");
        pools.put(pool.name(), pool);
    }

    /** Ends what {@link #publish} began, unless another has the name. */
    synchronized void withdraw(ControlledPool pool) {
        if (pools.remove(pool.name(), pool)) {
            names.release(pool.name());
        }
    }

    synchronized Optional<ControlledPool> find(String name) {
        return Optional.ofNullable(pools.get(name));
    }

    synchronized List<ControlledPool> all() {
        return List.copyOf(pools.values());
    }

    synchronized void close() {
        closed = true;
        all().forEach(this::withdraw);
    }
}
