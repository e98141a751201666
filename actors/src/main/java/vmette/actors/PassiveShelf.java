package vmette.actors;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import vmette.machine.SaveReport;
import vmette.recovery.Snapshot;
import vmette.recovery.SnapshotShelf;
import vmette.recovery.SnapshotsAtHand;

/**
 * The snapshot of a passive VM, before the others that there are of it: a recovery that follows a restore of it which has failed begins with it. It is given up when the
 * VM is ready again, or has ended, or nobody expects it any more. Thread-safe.
 */
final class PassiveShelf implements SnapshotShelf {
    private final SnapshotShelf others;
    private final Consumer<String> discard;
    private final InstantSource clock;
    private Optional<Snapshot> kept = Optional.empty();
    // Each save has its own number: one that is over late finds that it is not expected any more.
    private long saves;
    private boolean expected;
    private String last = "";

    /** @param discard gives up a snapshot by its id; does not block */
    PassiveShelf(SnapshotShelf others, Consumer<String> discard, InstantSource clock) {
        this.others = others;
        this.discard = discard;
        this.clock = clock;
    }

    /** A save begins, after which there is nothing else of the VM; whoever makes it hands its report over here, on any thread. */
    synchronized Consumer<SaveReport> expect() {
        long number = ++saves;
        expected = true;
        return report -> took(number, report.snapshot());
    }

    private void took(long number, String id) {
        synchronized (this) {
            last = id;
            if (expected && number == saves) {
                expected = false;
                kept = Optional.of(new Snapshot(id, clock.instant(), 0));
                return;
            }
        }
        discard.accept(id);
    }

    /** What is kept, or on its way, is of no use any more. */
    void drop() {
        Optional<Snapshot> dropped;
        synchronized (this) {
            expected = false;
            dropped = kept;
            kept = Optional.empty();
        }
        dropped.ifPresent(each -> discard.accept(each.id()));
    }

    synchronized Optional<Snapshot> kept() {
        return kept;
    }

    /** Whether the last one that was taken has this name. */
    synchronized boolean isLast(String id) {
        return last.equals(id);
    }

    private synchronized boolean isKept(String id) {
        return kept.filter(each -> each.id().equals(id)).isPresent();
    }

    @Override
    public SnapshotsAtHand atHand() {
        SnapshotsAtHand known = others.atHand();
        List<Snapshot> lastGood = new ArrayList<>(known.lastGood());
        kept().ifPresent(each -> lastGood.add(0, each));
        return new SnapshotsAtHand(lastGood, known.golden());
    }

    @Override
    public void restored(String id) {
        if (!isKept(id)) {
            others.restored(id);
        }
    }

    @Override
    public void restoreFailed(String id) {
        synchronized (this) {
            if (isKept(id)) {
                kept = kept.map(each -> new Snapshot(id, each.takenAt(), each.failedRestores() + 1));
                return;
            }
        }
        others.restoreFailed(id);
    }

    @Override
    public void discard(String id) {
        if (isKept(id)) {
            drop();
        } else {
            others.discard(id);
        }
    }

    @Override
    public Optional<String> goldenToTake() {
        return others.goldenToTake();
    }

    @Override
    public void lookForGolden(Consumer<Boolean> found) {
        others.lookForGolden(found);
    }

    @Override
    public void tookGolden(Snapshot snapshot) {
        others.tookGolden(snapshot);
    }

    @Override
    public void tookCheckpoint(Snapshot snapshot) {
        others.tookCheckpoint(snapshot);
    }

    @Override
    public void end() {
        drop();
        others.end();
    }
}
