package vmette.testkit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.recovery.Snapshot;
import vmette.recovery.SnapshotShelf;
import vmette.recovery.SnapshotsAtHand;

/** Snapshots of a VM that hold nothing. Thread-safe. */
final class TestShelf implements SnapshotShelf {
    private final List<Snapshot> lastGood = new ArrayList<>(0);
    private Optional<Snapshot> golden = Optional.empty();

    synchronized void add(String id, Instant takenAt) {
        lastGood.add(0, new Snapshot(id, takenAt, 0));
    }

    synchronized void golden(String id, Instant takenAt) {
        golden = Optional.of(new Snapshot(id, takenAt, 0));
    }

    @Override
    public synchronized SnapshotsAtHand atHand() {
        return lastGood.isEmpty() && golden.isEmpty() ? SnapshotsAtHand.NONE : new SnapshotsAtHand(lastGood, golden);
    }

    @Override
    public synchronized void restored(String id) {
        replace(id, 0);
    }

    @Override
    public synchronized void restoreFailed(String id) {
        replace(id, 1);
    }

    private void replace(String id, int more) {
        lastGood.replaceAll(each -> each.id().equals(id) ? counted(each, more) : each);
        golden = golden.map(each -> each.id().equals(id) ? counted(each, more) : each);
    }

    private static Snapshot counted(Snapshot each, int more) {
        return new Snapshot(each.id(), each.takenAt(), more == 0 ? 0 : each.failedRestores() + more);
    }

    @Override
    public synchronized void discard(String id) {
        lastGood.removeIf(each -> each.id().equals(id));
        golden = golden.filter(each -> !each.id().equals(id));
    }
}
