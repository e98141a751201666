package vmette.recovery;

import java.util.Optional;
import java.util.function.Consumer;

/** The snapshots of one VM, as its supervisor sees them. Thread-safe; nothing blocks. */
public interface SnapshotShelf {
    /** A shelf on which there never is one. */
    SnapshotShelf EMPTY = new SnapshotShelf() {
        @Override
        public SnapshotsAtHand atHand() {
            return SnapshotsAtHand.NONE;
        }

        @Override
        public void restored(String id) {}

        @Override
        public void restoreFailed(String id) {}

        @Override
        public void discard(String id) {}
    };

    /** What could be restored now; none that was discarded. */
    SnapshotsAtHand atHand();

    /** An incarnation that began from it has become ready: its count of failed restores begins anew. */
    void restored(String id);

    /** An incarnation that began from it did not become ready. */
    void restoreFailed(String id);

    /** It is not to be offered any more. What becomes of its files is the shelf's to decide. */
    void discard(String id);

    /** What the golden snapshot is to be called, if there is to be one and none is known yet. */
    default Optional<String> goldenToTake() {
        return Optional.empty();
    }

    /**
     * Looks whether there is a golden snapshot from before that can be restored here, and offers it from then on.
     *
     * @param found told once whether there is one, on any thread
     */
    default void lookForGolden(Consumer<Boolean> found) {
        found.accept(false);
    }

    /** The golden snapshot was taken. */
    default void tookGolden(Snapshot snapshot) {}

    /** One of the VM while it was well was taken; the shelf gives up what is one too many. */
    default void tookCheckpoint(Snapshot snapshot) {}

    /** The VM has ended for good. */
    default void end() {}
}
