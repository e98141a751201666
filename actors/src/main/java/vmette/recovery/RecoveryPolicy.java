package vmette.recovery;

import java.util.List;
import vmette.config.RecoverySettings;

/** Decides what follows the end of an incarnation. Pure: what is the same in is the same out. */
@FunctionalInterface
public interface RecoveryPolicy {
    /**
     * Decides.
     *
     * @param failure the one to decide about; its time is now
     * @param past those before it
     * @param snapshots what could be restored
     * @param random from 0 to below 1
     */
    Decision decide(Failure failure, RecoveryHistory past, SnapshotsAtHand snapshots, double random);

    /** Gives up at the first failure. */
    static RecoveryPolicy giveUp() {
        return (failure, past, snapshots, random) -> new Decision.GiveUp("it is not to be recovered", List.of());
    }

    /** The one that {@code docs/supervision.md} describes. */
    static RecoveryPolicy of(RecoverySettings settings) {
        return new LadderPolicy(settings);
    }
}
