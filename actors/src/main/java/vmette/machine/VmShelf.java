package vmette.machine;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.VmSpec;
import vmette.errors.Reasons;
import vmette.recovery.Snapshot;
import vmette.recovery.SnapshotShelf;
import vmette.recovery.SnapshotsAtHand;

/** The snapshots of one VM: its checkpoints, of which the last few are kept, and its template's golden one, which others may share. */
public final class VmShelf implements SnapshotShelf {
    private static final Logger LOG = LoggerFactory.getLogger(VmShelf.class);

    private final MachineFactory machines;
    private final VmSpec spec;
    private final Optional<String> goldenName;
    private final int keep;
    private final Consumer<GoldenLook.Foreign> told;
    // Newest first.
    private final List<Snapshot> checkpoints = new ArrayList<>();
    // Not before it has been looked at: another build may have left it.
    private Optional<Snapshot> golden = Optional.empty();
    // One that was given up may still be there, if somebody uses it.
    private Instant givenUp = Instant.MIN;

    /**
     * One with nothing on it.
     *
     * @param spec of the VM
     * @param goldenName what the golden one is called; empty: the VM has none
     * @param keep checkpoints at most, at least 1
     * @param told of a golden one that is of no use here; on any thread
     */
    public VmShelf(
            MachineFactory machines,
            VmSpec spec,
            Optional<String> goldenName,
            int keep,
            Consumer<GoldenLook.Foreign> told) {
        this.machines = machines;
        this.spec = spec;
        this.goldenName = goldenName;
        this.keep = keep;
        this.told = told;
    }

    @Override
    public void lookForGolden(Consumer<Boolean> found) {
        if (goldenName.isEmpty()) {
            found.accept(false);
            return;
        }
        machines.lookAt(goldenName.get(), spec)
                .handle((look, failure) -> {
                    if (failure != null) {
                        LOG.warn(
                                "it cannot be told whether the golden snapshot {} is of use: {}",
                                goldenName.get(),
                                Reasons.unwrapped(failure).getMessage());
                        return false;
                    }
                    look.foreign().ifPresent(told);
                    return look.usable().filter(this::adopt).isPresent();
                })
                .thenAccept(found);
    }

    private synchronized boolean adopt(Snapshot snapshot) {
        if (!snapshot.takenAt().isAfter(givenUp)) {
            return false;
        }
        golden = Optional.of(snapshot);
        return true;
    }

    @Override
    public synchronized SnapshotsAtHand atHand() {
        return new SnapshotsAtHand(checkpoints, golden);
    }

    @Override
    public synchronized Optional<String> goldenToTake() {
        return golden.isPresent() ? Optional.empty() : goldenName;
    }

    @Override
    public synchronized void tookGolden(Snapshot snapshot) {
        golden = Optional.of(snapshot);
    }

    @Override
    public void tookCheckpoint(Snapshot snapshot) {
        List<Snapshot> surplus;
        synchronized (this) {
            checkpoints.add(0, snapshot);
            List<Snapshot> older = checkpoints.subList(Math.min(keep, checkpoints.size()), checkpoints.size());
            surplus = List.copyOf(older);
            older.clear();
        }
        surplus.forEach(each -> machines.discard(each.id()));
    }

    @Override
    public synchronized void restored(String id) {
        count(id, 0);
    }

    @Override
    public synchronized void restoreFailed(String id) {
        checkpoints.stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .or(() -> golden.filter(each -> each.id().equals(id)))
                .ifPresent(each -> count(id, each.failedRestores() + 1));
    }

    private void count(String id, int failures) {
        checkpoints.replaceAll(each -> counted(each, id, failures));
        golden = golden.map(each -> counted(each, id, failures));
    }

    private static Snapshot counted(Snapshot snapshot, String id, int failures) {
        return snapshot.id().equals(id) ? new Snapshot(id, snapshot.takenAt(), failures) : snapshot;
    }

    @Override
    public void discard(String id) {
        synchronized (this) {
            checkpoints.removeIf(each -> each.id().equals(id));
            if (golden.filter(each -> each.id().equals(id)).isPresent()) {
                golden = Optional.empty();
                givenUp = Instant.now();
            }
        }
        machines.discard(id);
    }

    /** The VM has ended for good: what it alone could be restored from is of no use. */
    @Override
    public void end() {
        List<Snapshot> left;
        synchronized (this) {
            left = List.copyOf(checkpoints);
            checkpoints.clear();
        }
        left.forEach(each -> machines.discard(each.id()));
    }
}
