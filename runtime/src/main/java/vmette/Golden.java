package vmette;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.errors.ForeignSnapshotException;
import vmette.errors.Reasons;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmLostException;
import vmette.recovery.Snapshot;

/**
 * Where the VMs of one template come from: all from one golden snapshot. The first VM is booted, warmed up and saved, unless there is such a snapshot from before, and is
 * then one of those that are lent; whoever wants another meanwhile waits for the snapshot. Thread-safe.
 *
 * <p>A snapshot from before is looked at first; one of another kernel or monitor is not tried. One from which VMs fail to come up so often in a row is given up, and another
 * is made: it may be damaged. One that another process uses stays as it is, and this process has one of its own then. A template whose VMs cannot be saved, or not be restored, has each VM booted and warmed up; that is told
 * once, and tried again after a while.
 *
 * @param <V> a VM
 */
final class Golden<V> {
    /** So long nothing is saved after it was of no use. */
    static final Duration PAUSE = Duration.ofMinutes(10);

    /** Of snapshots in a row from which no VM came up, before VMs are booted. */
    private static final int WASTED = 2;

    private final int attempts;
    private final InstantSource clock;

    // Guarded by this.
    private Optional<Snapshot> golden = Optional.empty();
    private Optional<Snapshot> refused = Optional.empty();
    private Optional<CompletableFuture<Void>> making = Optional.empty();
    private Instant bootedUntil = Instant.MIN;
    private int failures;
    private int wasted;
    private boolean told;

    /** @param attempts failed restores after which a snapshot is given up, at least 1 */
    Golden(int attempts, InstantSource clock) {
        this.attempts = attempts;
        this.clock = clock;
    }

    /** Another VM, which is warm. */
    CompletionStage<V> next(TemplateVms<V> vms) {
        // Each may fail as often as it takes to give one snapshot up, and be the first from another.
        return next(vms, attempts + 1);
    }

    private CompletionStage<V> next(TemplateVms<V> vms, int tries) {
        CompletableFuture<Void> ours = new CompletableFuture<>();
        Optional<CompletableFuture<Void>> theirs;
        Optional<Snapshot> from;
        int seen;
        synchronized (this) {
            from = golden;
            theirs = making;
            seen = failures;
            if (from.isEmpty() && theirs.isEmpty()) {
                if (clock.instant().isBefore(bootedUntil)) {
                    return vms.boot();
                }
                making = Optional.of(ours);
            }
        }
        if (from.isPresent()) {
            return restore(vms, from.get(), seen, tries);
        }
        if (theirs.isPresent()) {
            return theirs.get().thenCompose(there -> next(vms, tries));
        }
        return make(vms, ours, tries);
    }

    private CompletionStage<V> restore(TemplateVms<V> vms, Snapshot from, int seen, int tries) {
        return vms.restore(from.id())
                .handle((vm, failure) -> {
                    if (failure == null) {
                        restored(from);
                        return CompletableFuture.completedStage(vm);
                    }
                    Throwable why = Reasons.unwrapped(failure);
                    if (!(why instanceof RestoreFailedException)) {
                        return CompletableFuture.<V>failedStage(why);
                    }
                    restoreFailed(vms, from, seen, why);
                    return tries > 1 ? next(vms, tries - 1) : CompletableFuture.<V>failedStage(why);
                })
                .thenCompose(Function.identity());
    }

    private synchronized void restored(Snapshot from) {
        if (golden.equals(Optional.of(from))) {
            failures = 0;
            wasted = 0;
            told = false;
        }
    }

    /** Those that fail together fail for one reason: only the first counts. */
    private void restoreFailed(TemplateVms<V> vms, Snapshot from, int seen, Throwable why) {
        boolean giveUp;
        synchronized (this) {
            if (!golden.equals(Optional.of(from)) || failures != seen) {
                return;
            }
            giveUp = ++failures >= attempts || why.getCause() instanceof ForeignSnapshotException;
            if (giveUp) {
                golden = Optional.empty();
                refused = Optional.of(from);
                failures = 0;
                wasted++;
            }
        }
        if (giveUp) {
            vms.discard(from, why);
            if (hasWastedEnough()) {
                boot(vms, "VMs cannot be restored from their golden snapshot", why);
            }
        }
    }

    private synchronized boolean hasWastedEnough() {
        return wasted >= WASTED;
    }

    private CompletionStage<V> make(TemplateVms<V> vms, CompletableFuture<Void> ours, int tries) {
        return usable(vms)
                .thenCompose(found -> {
                    if (found.isEmpty()) {
                        return vms.boot().thenCompose(vm -> save(vms, vm).thenApply(saved -> {
                            settle(ours, saved);
                            return vm;
                        }));
                    }
                    settle(ours, found);
                    return next(vms, tries);
                })
                .whenComplete((vm, failure) -> {
                    if (failure != null) {
                        abandon(ours, Reasons.unwrapped(failure));
                    }
                });
    }

    /** One that has been given up is still there if somebody uses it. */
    private CompletionStage<Optional<Snapshot>> usable(TemplateVms<V> vms) {
        CompletionStage<Optional<Snapshot>> looked;
        try {
            looked = vms.find();
        } catch (RuntimeException | Error e) {
            looked = CompletableFuture.failedStage(e);
        }
        return looked.thenApply(found -> {
            synchronized (this) {
                return found.filter(snapshot -> !refused.equals(found));
            }
        });
    }

    /** Empty: there is none, and the VM is as good as ever. */
    private CompletionStage<Optional<Snapshot>> save(TemplateVms<V> vms, V vm) {
        return vms.save(vm)
                .handle((saved, failure) -> {
                    if (failure == null) {
                        return CompletableFuture.completedStage(Optional.of(saved));
                    }
                    // Another process may have been faster, or use one that is of no use here.
                    return usable(vms)
                            .thenCompose(others -> others.isPresent() || vms.hasEnded(vm)
                                    ? CompletableFuture.completedStage(others)
                                    : saveUnnamed(vms, vm, Reasons.unwrapped(failure)));
                })
                .thenCompose(Function.identity())
                .handle((saved, failure) -> {
                    if (vms.hasEnded(vm)) {
                        throw new VmLostException("a VM ended while it was prepared for its pool");
                    }
                    if (failure != null) {
                        boot(vms, "there is no golden snapshot to restore VMs from", Reasons.unwrapped(failure));
                        return Optional.<Snapshot>empty();
                    }
                    return saved;
                });
    }

    /** What neither is possible for is told by the name that its user may have heard of. */
    private CompletionStage<Optional<Snapshot>> saveUnnamed(TemplateVms<V> vms, V vm, Throwable why) {
        return vms.saveUnnamed(vm).handle((saved, failure) -> {
            if (failure != null) {
                throw new CompletionException(why);
            }
            return Optional.of(saved);
        });
    }

    private void boot(TemplateVms<V> vms, String what, Throwable why) {
        boolean first;
        synchronized (this) {
            bootedUntil = clock.instant().plus(PAUSE);
            wasted = 0;
            first = !told;
            told = true;
        }
        if (first) {
            vms.say(what + ", so that each is booted and warmed up, which takes longer: " + why.getMessage());
        }
    }

    private void settle(CompletableFuture<Void> ours, Optional<Snapshot> saved) {
        synchronized (this) {
            golden = saved;
            making = Optional.empty();
            failures = 0;
        }
        ours.complete(null);
    }

    private void abandon(CompletableFuture<Void> ours, Throwable why) {
        synchronized (this) {
            making = making.filter(present -> present != ours);
        }
        ours.completeExceptionally(why);
    }
}
