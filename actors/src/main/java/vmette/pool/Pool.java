package vmette.pool;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.DoubleSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.PoolSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmBusyException;

/**
 * Keeps VMs ready and lends them. Thread-safe; nothing blocks. The book is changed under a lock, and all that concerns others, such as whoever waits or a VM
 * that is stopped, happens outside of it.
 *
 * @param <V> a VM
 */
// Of two callers that wait each promise is itself and no other.
@SuppressWarnings("CollectionUndefinedEquality")
public final class Pool<V> {
    private static final Logger LOG = LoggerFactory.getLogger(Pool.class);

    private final String name;
    private final PoolSettings settings;
    private final PoolVms<V> vms;
    private final PoolTime time;
    private final DoubleSupplier random;
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    // Guarded by this.
    private final Map<V, Entry<V>> entries = new HashMap<>();
    private final TreeSet<Entry<V>> ready = new TreeSet<>(Entry.ORDER);
    private final LinkedHashSet<CompletableFuture<V>> waiting = new LinkedHashSet<>();
    private PoolState state = PoolState.EMPTY;
    private Optional<Throwable> lastFailure = Optional.empty();
    private Optional<Wake> wake = Optional.empty();
    private long numbers;
    private long acquired;

    private record Wake(Instant at, Runnable takingBack) {}

    /**
     * A pool that is empty until {@link #open}.
     *
     * @param random from 0 to below 1, from any thread
     */
    public Pool(String name, PoolSettings settings, PoolVms<V> vms, PoolTime time, DoubleSupplier random) {
        this.name = name;
        this.settings = settings;
        this.vms = vms;
        this.time = time;
        this.random = random;
    }

    /** Begins to fill it. */
    public void open() {
        change(todo -> {});
    }

    /**
     * A VM, at once if one is ready, else when one is, in the order of asking.
     *
     * @param patience how long it is waited for, positive; empty: for ever
     * @return whose cancelling gives up the place; completed by any thread
     */
    public CompletableFuture<V> acquire(Optional<Duration> patience) {
        CompletableFuture<V> asked = new CompletableFuture<>();
        change(todo -> {
            if (state.closed()) {
                todo.add(() -> asked.completeExceptionally(PoolFailures.closed(name)));
                return;
            }
            waiting.add(asked);
            state = state.entered();
            pump(todo);
            if (state.waiting() > settings.queue() && waiting.remove(asked)) {
                state = state.left();
                VmBusyException busy = PoolFailures.full(name, settings);
                todo.add(() -> asked.completeExceptionally(busy));
            }
        });
        if (!asked.isDone()) {
            Runnable timer = patience.map(longest -> time.later(longest, () -> giveUp(asked, longest)))
                    .orElse(() -> {});
            CompletionStage<V> answer = asked;
            answer.whenComplete((vm, failure) -> {
                timer.run();
                leave(asked);
            });
        }
        return asked;
    }

    /** One who waited has been told something by somebody else, or has a VM. */
    private void leave(CompletableFuture<V> asked) {
        change(todo -> {
            if (waiting.remove(asked)) {
                state = state.left();
            }
        });
    }

    private void giveUp(CompletableFuture<V> asked, Duration patience) {
        change(todo -> {
            if (waiting.remove(asked)) {
                state = state.left();
                RuntimeException reason = PoolFailures.impatient(name, settings, state, patience, lastFailure);
                todo.add(() -> asked.completeExceptionally(reason));
            }
        });
    }

    /**
     * A VM that was lent is not needed any more. It is stopped, whatever was done with it; idempotent.
     *
     * @return completes when nothing of it is left
     * @throws InvalidConfigException if it is not one that the pool has lent
     */
    public CompletionStage<?> release(V vm) {
        change(todo -> {
            Entry<V> entry = entries.get(vm);
            if (entry == null ? !vms.hasEnded(vm) : entry.stage == Entry.Stage.READY) {
                throw new InvalidConfigException("the VM " + vms.name(vm) + " is not lent by the pool " + name
                        + ": release each VM that was acquired to the pool that it is from");
            }
            if (entry != null && entry.stage == Entry.Stage.LENT) {
                state = state.released();
                end(entry, todo);
            }
        });
        return vms.ended(vm);
    }

    /** A VM that was lent comes back, and nobody has seen it. */
    public void giveBack(V vm) {
        change(todo -> {
            Entry<V> entry = entries.get(vm);
            if (entry != null && entry.stage == Entry.Stage.LENT) {
                entry.stage = Entry.Stage.READY;
                ready.add(entry);
                state = state.returned();
            }
        });
    }

    /** How it stands. */
    public synchronized PoolStatus status() {
        return new PoolStatus(
                name,
                state.ready(),
                state.coming(),
                state.lent(),
                state.ending(),
                state.waiting(),
                acquired,
                state.failures(),
                lastFailure.map(PoolFailures::text));
    }

    /**
     * Stops all VMs that are not lent out, and refuses whoever waits. Idempotent.
     *
     * @return completes when nothing is left, which those who have VMs see to
     */
    public CompletionStage<Void> close() {
        change(todo -> {
            state = state.close();
            for (CompletableFuture<V> asked : waiting) {
                state = state.left();
                todo.add(() -> asked.completeExceptionally(PoolFailures.closed(name)));
            }
            waiting.clear();
            wake.ifPresent(one -> one.takingBack().run());
            wake = Optional.empty();
        });
        return over.minimalCompletionStage();
    }

    /**
     * The same, and those that are lent out are stopped too.
     *
     * @return completes when nothing is left
     */
    public CompletionStage<Void> end() {
        CompletionStage<Void> gone = close();
        change(todo -> entries.values().stream()
                .filter(entry -> entry.stage == Entry.Stage.LENT)
                .forEach(entry -> {
                    state = state.released();
                    end(entry, todo);
                }));
        return gone;
    }

    /** Completes when it is closed and nothing is left. */
    public CompletionStage<Void> closed() {
        return over.minimalCompletionStage();
    }

    private interface Change {
        void make(List<Runnable> todo);
    }

    /** Makes a change and does what follows from it. */
    private void change(Change change) {
        List<Runnable> todo = new ArrayList<>();
        synchronized (this) {
            change.make(todo);
            pump(todo);
            if (state.closed() && state.isEmpty()) {
                todo.add(() -> over.complete(null));
            }
        }
        todo.forEach(Runnable::run);
    }

    private void pump(List<Runnable> todo) {
        while (true) {
            state = state.expiring(
                    ready.isEmpty()
                            ? Optional.empty()
                            : Optional.of(ready.first().expires).filter(when -> !when.equals(Instant.MAX)));
            Instant now = time.now();
            PoolStep step = PoolRules.next(state, settings, now);
            if (step instanceof PoolStep.Hand) {
                hand(ready.pollFirst(), todo);
            } else if (step instanceof PoolStep.Retire) {
                retire(ready.pollFirst(), todo);
            } else if (step instanceof PoolStep.Begin) {
                state = state.begun(settings, now);
                todo.add(() -> time.execute(this::begin));
            } else if (step instanceof PoolStep.Rest rest) {
                rest.until().ifPresent(until -> wakeAt(until, now));
                return;
            }
        }
    }

    private void hand(Entry<V> entry, List<Runnable> todo) {
        if (vms.hasEnded(entry.vm) || vms.incarnation(entry.vm) != entry.incarnation) {
            retire(entry, todo);
            return;
        }
        CompletableFuture<V> asked = waiting.iterator().next();
        waiting.remove(asked);
        entry.stage = Entry.Stage.LENT;
        state = state.handed();
        acquired++;
        todo.add(() -> {
            // He may have cancelled it a moment ago.
            if (!asked.complete(entry.vm)) {
                giveBack(entry.vm);
            }
        });
    }

    private void retire(Entry<V> entry, List<Runnable> todo) {
        state = state.retired();
        end(entry, todo);
    }

    private void end(Entry<V> entry, List<Runnable> todo) {
        entry.stage = Entry.Stage.ENDING;
        todo.add(() -> vms.stop(entry.vm));
    }

    private void wakeAt(Instant until, Instant now) {
        // One that is too early does no harm, and one for each VM that was lent would be many.
        if (wake.isPresent() && !until.isBefore(wake.get().at())) {
            return;
        }
        wake.ifPresent(one -> one.takingBack().run());
        wake = Optional.of(new Wake(until, time.later(Duration.between(now, until), () -> awake(until))));
    }

    private void awake(Instant at) {
        change(todo -> wake = wake.filter(one -> !one.at().equals(at)));
    }

    private void begin() {
        CompletionStage<V> asked;
        try {
            asked = Objects.requireNonNull(vms.next(), "the source gave no stage");
        } catch (RuntimeException | Error e) {
            came(null, e);
            return;
        }
        asked.whenComplete(this::came);
    }

    private void came(V vm, Throwable failure) {
        if (failure != null || vm == null) {
            failed(failure == null ? new NullPointerException("the source gave no VM") : Reasons.unwrapped(failure));
            return;
        }
        List<Entry<V>> added = new ArrayList<>();
        change(todo -> {
            if (entries.containsKey(vm)) {
                fail(new IllegalStateException("the source gave the VM " + vms.name(vm) + " twice"));
                return;
            }
            Instant expires = PoolRules.expiry(settings, time.now(), random.getAsDouble());
            Entry<V> entry = new Entry<>(vm, vms.incarnation(vm), expires, ++numbers);
            entries.put(vm, entry);
            added.add(entry);
            if (state.closed()) {
                state = state.cameLate();
                end(entry, todo);
            } else {
                state = state.came();
                ready.add(entry);
            }
        });
        added.forEach(entry -> vms.ended(vm).whenComplete((end, never) -> ended(entry)));
    }

    private void failed(Throwable failure) {
        change(todo -> fail(failure));
    }

    private void fail(Throwable failure) {
        if (!state.closed()) {
            LOG.warn("pool {}: a VM could not be had: {}", name, PoolFailures.text(failure));
        }
        state = state.failed(settings, time.now(), random.getAsDouble());
        lastFailure = Optional.of(failure);
    }

    private void ended(Entry<V> entry) {
        change(todo -> {
            entries.remove(entry.vm);
            switch (entry.stage) {
                case READY -> {
                    ready.remove(entry);
                    state = state.lostReady();
                }
                case LENT -> state = state.lostLent();
                case ENDING -> state = state.gone();
            }
        });
    }
}
