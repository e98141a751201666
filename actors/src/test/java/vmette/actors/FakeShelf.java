package vmette.actors;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import vmette.recovery.Snapshot;
import vmette.recovery.SnapshotShelf;
import vmette.recovery.SnapshotsAtHand;

/** Snapshots in a list, and what was said of them. */
final class FakeShelf implements SnapshotShelf {
    final List<String> said = new CopyOnWriteArrayList<>();
    private final List<Snapshot> lastGood = new ArrayList<>();
    private Optional<Snapshot> golden = Optional.empty();

    synchronized FakeShelf add(String id, Instant takenAt) {
        lastGood.add(0, new Snapshot(id, takenAt, 0));
        return this;
    }

    synchronized FakeShelf golden(String id) {
        golden = Optional.of(new Snapshot(id, Instant.EPOCH, 0));
        return this;
    }

    @Override
    public synchronized SnapshotsAtHand atHand() {
        return new SnapshotsAtHand(lastGood, golden);
    }

    @Override
    public void restored(String id) {
        said.add("restored " + id);
    }

    @Override
    public synchronized void restoreFailed(String id) {
        said.add("failed " + id);
        lastGood.replaceAll(each -> failed(id, each));
        golden = golden.map(each -> failed(id, each));
    }

    private static Snapshot failed(String id, Snapshot each) {
        return each.id().equals(id) ? new Snapshot(id, each.takenAt(), each.failedRestores() + 1) : each;
    }

    @Override
    public synchronized void discard(String id) {
        said.add("discard " + id);
        lastGood.removeIf(each -> each.id().equals(id));
        golden = golden.filter(each -> !each.id().equals(id));
    }
}
