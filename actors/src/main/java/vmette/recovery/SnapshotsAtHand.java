package vmette.recovery;

import java.util.List;
import java.util.Optional;

/**
 * What a VM could be restored from.
 *
 * @param lastGood taken of it while it was well, newest first
 * @param golden declared its best state
 */
public record SnapshotsAtHand(List<Snapshot> lastGood, Optional<Snapshot> golden) {
    /** There is none. */
    public static final SnapshotsAtHand NONE = new SnapshotsAtHand(List.of(), Optional.empty());

    /** Copies what is given. */
    public SnapshotsAtHand {
        lastGood = List.copyOf(lastGood);
    }
}
