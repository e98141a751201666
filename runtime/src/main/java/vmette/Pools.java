package vmette;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.config.PoolPlan;
import vmette.config.PoolSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;

/** The pools of a runtime that were opened by a plan. Thread-safe. */
final class Pools {
    private final int attempts;
    private final Function<PoolPlan, PoolTemplate> templates;
    private final Opening opening;

    // Guarded by this.
    private final Map<String, VmPool> open = new LinkedHashMap<>();
    private final Map<String, Golden<VmHandle>> golden = new LinkedHashMap<>();
    private boolean closed;

    /** Opens a pool. */
    interface Opening {
        VmPool pool(String name, PoolSettings settings, PoolSource source);
    }

    /**
     * @param attempts failed restores after which a snapshot is given up
     * @param templates makes what a pool's VMs are made by
     */
    Pools(int attempts, Function<PoolPlan, PoolTemplate> templates, Opening opening) {
        this.attempts = attempts;
        this.templates = templates;
        this.opening = opening;
    }

    /**
     * Opens one.
     *
     * @throws InvalidConfigException if one of that name is open
     */
    synchronized VmPool open(PoolPlan plan) {
        if (closed) {
            throw new VmLostException("the runtime is closed: the pool " + plan.name() + " was not opened");
        }
        if (open.containsKey(plan.name())) {
            throw new InvalidConfigException("there is a pool named " + plan.name()
                    + " already: give this one another name, or close that one first");
        }
        VmPool pool = opening.pool(plan.name(), plan.settings(), source(templates.apply(plan)));
        open.put(plan.name(), pool);
        pool.closed().thenRun(() -> gone(plan.name(), pool));
        return pool;
    }

    private PoolSource source(PoolTemplate template) {
        // Two pools of one template have one snapshot.
        Golden<VmHandle> from = golden.computeIfAbsent(
                template.golden(), name -> new Golden<>(attempts, SystemPoolTime.steady()));
        return new PoolSource() {
            @Override
            public CompletionStage<VmHandle> next() {
                return template.isRestored() ? template.boot() : from.next(template);
            }

            @Override
            public void close() {
                template.close();
            }
        };
    }

    /** Forgets it, so that another may have its name. */
    private synchronized void gone(String name, VmPool pool) {
        open.remove(name, pool);
    }

    synchronized Optional<VmPool> find(String name) {
        return Optional.ofNullable(open.get(name));
    }

    synchronized Collection<VmPool> all() {
        return List.copyOf(open.values());
    }

    /** Closes all; no other is opened. */
    void close() {
        Collection<VmPool> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(open.values());
        }
        all.forEach(VmPool::close);
    }
}
