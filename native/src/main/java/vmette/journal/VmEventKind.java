package vmette.journal;

/** What can happen to a VM, of which its runtime's journal tells. */
public enum VmEventKind {
    /** It has a supervisor. */
    LAUNCHED,
    /** An incarnation comes up; the detail says from what. */
    BEGAN,
    /** Its agent answered. */
    READY,
    /** It was saved; the detail says as what. */
    SAVED,
    /** It was told to end; the detail says how the VM ends with it. */
    STOPPING,
    /** It failed; the detail says of what, and what follows. */
    FAILED,
    /** The VM has ended for good; the detail says how. */
    ENDED,
    /** What has no word of its own here; the detail says what. */
    OTHER,
    /** Not about a VM: so many events, of any, are missing here, since they came faster than they could be written. */
    MISSED
}
