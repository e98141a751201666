package vmette;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.config.PoolPlan;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmLostException;
import vmette.machine.GoldenLook;
import vmette.metrics.MeteredPool;
import vmette.pool.PoolStatus;

/** The pools of a runtime that were opened by a plan. Thread-safe. */
final class Pools {
    private final Vmette vmette;
    private final Machinery machines;
    private final Consumer<String> progress;
    private final Consumer<GoldenLook.Foreign> foreign;

    // Guarded by this.
    private final Map<String, VmPool> open = new LinkedHashMap<>();
    private final Map<String, Golden<VmHandle>> golden = new HashMap<>();
    private final List<Consumer<MeteredPool>> listeners = new ArrayList<>();
    private boolean closed;

    /**
     * @param progress told what the user is to know of them
     * @param foreign told of golden snapshots that are of no use here
     */
    Pools(Vmette vmette, Machinery machines, Consumer<String> progress, Consumer<GoldenLook.Foreign> foreign) {
        this.vmette = vmette;
        this.machines = machines;
        this.progress = progress;
        this.foreign = foreign;
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
        VmPool former = open.get(plan.name());
        // Whoever opens another at a pool's end may be here before that one was forgotten.
        if (former != null && !former.closed().toCompletableFuture().isDone()) {
            throw new InvalidConfigException("there is a pool named " + plan.name()
                    + " already: give this one another name, or close that one first");
        }
        PoolTemplate template = new PoolTemplate(plan, vmette::beginOnce, machines, vmette.system(), progress, foreign);
        VmPool pool = VmPool.open(plan.name(), plan.settings(), vmette.system(), source(template));
        open.put(plan.name(), pool);
        pool.closed().thenRun(() -> gone(plan.name(), pool));
        listeners.forEach(each -> each.accept(new Metered(pool)));
        return pool;
    }

    private PoolSource source(PoolTemplate template) {
        // Two pools of one template have one snapshot.
        Golden<VmHandle> from = golden.computeIfAbsent(
                template.golden(),
                name -> new Golden<>(vmette.settings().recovery().restoreAttempts(), SystemPoolTime.steady()));
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

    /** Tells of each that is open, and of each that will be. */
    synchronized void listen(Consumer<MeteredPool> each) {
        listeners.add(each);
        open.values().forEach(pool -> each.accept(new Metered(pool)));
    }

    private record Metered(VmPool pool) implements MeteredPool {
        @Override
        public PoolStatus status() {
            return pool.status();
        }

        @Override
        public CompletionStage<?> closed() {
            return pool.closed();
        }
    }

    /** Closes all; no other is opened. */
    void close() {
        List<VmPool> all;
        synchronized (this) {
            closed = true;
            all = List.copyOf(open.values());
        }
        all.forEach(VmPool::close);
    }
}
