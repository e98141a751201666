package vmette.actors;

/** What the supervisor of a VM tells the group that the VM belongs to. */
public sealed interface MemberReport {
    /** The latest of the group's orders that the supervisor has taken: what answers an older one is stale. */
    long order();

    /** An incarnation is ready. */
    record CameUp(long order, long incarnation) implements MemberReport {}

    /**
     * An incarnation has failed and is to be followed by another; nothing of it is left. That other begins after {@link VmSupervisor.Go}, and not before
     * the delay that its policy has decided on is over.
     *
     * @param failure with what was decided
     */
    record Failed(long order, VmFailure failure) implements MemberReport {}

    /** As ordered by {@link VmSupervisor.Hold}, nothing of an incarnation is left. */
    record Held(long order) implements MemberReport {}
}
