package vmette.group;

import java.util.List;
import java.util.Optional;

/**
 * Where a member of a fleet stands, and all that is below it.
 *
 * @param name of the VM or group
 * @param group whether it is a group
 * @param state where it stands
 * @param incarnation of a VM: the one that was last ready, from 1; 0: none was, or it is a group
 * @param restarts how often it was started again since the fleet had it
 * @param reason its last failure in one line, or why it is over; empty: none
 * @param children of a group, in their order
 */
public record MemberStatus(
        String name,
        boolean group,
        State state,
        long incarnation,
        long restarts,
        Optional<String> reason,
        List<MemberStatus> children) {
    /** Where a member stands; a group as its children together. */
    public enum State {
        /** It is its turn only when others are ready, or gone. */
        WAITING,
        /** It comes up. */
        STARTING,
        /** It has failed and comes up again, perhaps after a delay. */
        RECOVERING,
        /** It, or each child of it, answers, or is over as it should be. */
        READY,
        /** It ends, for good or to begin anew. */
        STOPPING,
        /** It is over as it should be, or as its owner wanted. */
        ENDED,
        /** It is over because it failed. */
        FAILED
    }

    /** Copies the children. */
    public MemberStatus {
        children = List.copyOf(children);
    }
}
