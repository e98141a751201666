package vmette;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Source;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import java.util.function.Function;
import vmette.config.PoolSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.pool.Pool;
import vmette.pool.PoolStatus;

/**
 * VMs of one kind that are ready before somebody wants them. Thread-safe; nothing blocks.
 *
 * <p>A VM is lent once: whatever was done in it stays with it, so that it is stopped when it is given back, and another takes its place. VMs that fail while nobody
 * has them, have begun another incarnation, or have waited longer than {@link PoolSettings#maxAge} are replaced as well. At no time are there more than
 * {@link PoolSettings#max}, those that are lent out and those that are being stopped included.
 *
 * <p>A source that fails is left alone for a while, longer each time; whoever waits is told so when his patience ends. Close a pool before its runtime.
 */
public final class VmPool {
    private final Pool<VmHandle> pool;
    private final PoolSettings settings;
    private final PoolSource source;

    private VmPool(Pool<VmHandle> pool, PoolSettings settings, PoolSource source) {
        this.pool = pool;
        this.settings = settings;
        this.source = source;
    }

    /**
     * Opens a pool and begins to fill it.
     *
     * @param name for messages
     * @param system whose threads and timers it uses, such as {@link Vmette#system()}; its end closes the pool
     */
    public static VmPool open(String name, PoolSettings settings, ActorSystem<?> system, PoolSource source) {
        return open(name, settings, system, source, SystemPoolTime.steady(), () -> ThreadLocalRandom.current()
                .nextDouble());
    }

    /**
     * The same by a clock and chances of one's own, as those of a test.
     *
     * @param clock never goes back
     * @param random from 0 to below 1; from any thread
     */
    public static VmPool open(
            String name,
            PoolSettings settings,
            ActorSystem<?> system,
            PoolSource source,
            InstantSource clock,
            DoubleSupplier random) {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(random, "random");
        SystemPoolTime time = new SystemPoolTime(system, Objects.requireNonNull(clock, "clock"));
        Pool<VmHandle> pool =
                new Pool<>(Objects.requireNonNull(name, "name"), settings, new HandlePoolVms(source), time, random);
        pool.open();
        system.getWhenTerminated().whenComplete((end, failure) -> pool.close());
        return new VmPool(pool, settings, source);
    }

    /**
     * A VM, at once if one is ready; else whoever asked first gets the next one. It is the caller's until he {@link #release}s it, and another is begun in its place.
     *
     * @return cancelling its {@code toCompletableFuture()} gives up the place, and takes no VM; fails with {@link vmette.errors.VmBusyException} if too many wait, with
     *     {@link vmette.errors.OperationTimeoutException} after {@link PoolSettings#patience}, saying what has hindered it, and with
     *     {@link vmette.errors.VmLostException} if the pool is closed
     */
    public CompletionStage<VmHandle> acquire() {
        return acquire(settings.patience());
    }

    /**
     * The same with a patience of one's own.
     *
     * @param patience above 0, at most 248 days
     */
    public CompletionStage<VmHandle> acquire(Duration patience) {
        if (patience.isNegative() || patience.isZero() || patience.compareTo(Duration.ofDays(248)) > 0) {
            throw new InvalidConfigException(
                    "patience = " + patience + " is refused: allowed is a duration above 0, of at most 248 days");
        }
        return pool.acquire(Optional.of(patience));
    }

    /**
     * The caller does not need a VM any more. It is stopped, and another takes its place; idempotent.
     *
     * @return completes when nothing of it is left
     * @throws InvalidConfigException if it is none that the pool has lent
     */
    public CompletionStage<Done> release(VmHandle vm) {
        return pool.release(vm).thenApply(end -> Done.getInstance());
    }

    /** The same by the name that says what becomes of it. */
    public CompletionStage<Done> discard(VmHandle vm) {
        return release(vm);
    }

    /**
     * Lends a VM for as long as something is done with it, and releases it then, whatever came of that.
     *
     * @return what came of it, or why there was no VM, as for {@link #acquire()}; cancelling its {@code toCompletableFuture()} gives up the place, or the VM
     */
    public <T> CompletionStage<T> withVm(Function<VmHandle, ? extends CompletionStage<T>> use) {
        Objects.requireNonNull(use, "use");
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletableFuture<VmHandle> asked = pool.acquire(Optional.of(settings.patience()));
        CompletionStage<VmHandle> coming = asked;
        coming.whenComplete((vm, failure) -> {
            if (failure != null) {
                result.completeExceptionally(Reasons.unwrapped(failure));
            } else if (result.isDone()) {
                pool.giveBack(vm);
            } else {
                use(vm, use, result);
            }
        });
        CompletionStage<T> over = result;
        over.whenComplete((value, failure) -> asked.cancel(false));
        return result;
    }

    private <T> void use(
            VmHandle vm, Function<VmHandle, ? extends CompletionStage<T>> use, CompletableFuture<T> result) {
        CompletionStage<T> over = result;
        over.whenComplete((value, failure) -> pool.release(vm));
        CompletionStage<T> used;
        try {
            used = Objects.requireNonNull(use.apply(vm), "what is done with the VM has no stage");
        } catch (RuntimeException | Error e) {
            used = CompletableFuture.failedStage(e);
        }
        used.whenComplete((value, failure) -> {
            // Before whoever follows is told.
            pool.release(vm);
            if (failure == null) {
                result.complete(value);
            } else {
                result.completeExceptionally(Reasons.unwrapped(failure));
            }
        });
    }

    /**
     * VMs, one acquired for each demand, as long as it takes; whoever gets one {@link #release}s it. One that comes when downstream has cancelled goes back. Stages with
     * buffers ask for as many as these hold. Fails as {@link #acquire()}, but for the patience.
     */
    public Source<VmHandle, NotUsed> vms() {
        return Source.fromGraph(new PooledVmsStage<>(pool));
    }

    /** How many there are of its VMs. */
    public PoolSettings settings() {
        return settings;
    }

    /** How it stands. */
    public PoolStatus status() {
        return pool.status();
    }

    /**
     * Stops all VMs that are not lent out, and refuses whoever waits or comes. Idempotent.
     *
     * @return completes when nothing is left; those who have VMs see to that
     */
    public CompletionStage<Done> close() {
        CompletionStage<Void> over = pool.close();
        source.close();
        return over.thenApply(nothing -> Done.getInstance());
    }

    /**
     * As {@link #close}, and VMs that are lent out are stopped too.
     *
     * @return completes when nothing is left
     */
    public CompletionStage<Done> end() {
        CompletionStage<Void> over = pool.end();
        source.close();
        return over.thenApply(nothing -> Done.getInstance());
    }

    /** Completes when it is closed, by whomever, and nothing is left. */
    public CompletionStage<Done> closed() {
        return pool.closed().thenApply(nothing -> Done.getInstance());
    }

    /** Its own, unlike that of any other pool of the runtime that is open. */
    public String name() {
        return status().name();
    }
}
