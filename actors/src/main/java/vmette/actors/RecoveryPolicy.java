package vmette.actors;

import java.util.List;

/** Decides what follows the failure of an incarnation. Pure: the same history gives the same decision. */
@FunctionalInterface
public interface RecoveryPolicy {
    /** What to do. */
    enum Decision {
        /** A new incarnation, from a cold boot. */
        RESTART_COLD,
        /** The VM has ended; its failure goes to whoever waits for it. */
        GIVE_UP
    }

    /**
     * Decides.
     *
     * @param history every failure so far, oldest first; the one to decide about is the last
     */
    Decision decide(List<VmFailure> history);

    /** Gives up at the first failure. */
    static RecoveryPolicy giveUp() {
        return history -> Decision.GIVE_UP;
    }
}
