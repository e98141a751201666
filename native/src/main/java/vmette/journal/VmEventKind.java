package vmette.journal;

/** What can happen to a VM, of which its runtime's journal tells. */
public enum VmEventKind {
    /** An incarnation comes up. */
    BEGAN,
    /** Its agent answered. */
    READY,
    /** It failed; the detail says of what. */
    FAILED,
    /** It ended as it should. */
    ENDED
}
