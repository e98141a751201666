package vmette.events;

/** Where a VM stands, for those who do not own it. {@code docs/supervision.md} has what leads from one to another. */
public enum VmState {
    /** It waits to be let in. */
    QUEUED,
    /** An incarnation comes up. */
    STARTING,
    /** Its agent answers. */
    READY,
    /** Nobody uses it: there is nothing of it but its snapshot, and it comes up when it is wanted. */
    PASSIVE,
    /** It has failed, and another incarnation follows. */
    RECOVERING,
    /** It was told to end, for good or to be restarted. */
    STOPPING,
    /** It has ended for its callers, but a process of it cannot be ended and keeps its name. */
    GIVEN_UP,
    /** It has ended, and nothing of it is left. */
    ENDED;

    /** Whether nothing more comes of it. */
    public boolean isOver() {
        return this == GIVEN_UP || this == ENDED;
    }
}
