package vmette.config;

/** What becomes of a VM that cannot start at once. */
public enum WhenFull {
    /** It waits for its turn; refused if too many wait. */
    QUEUE,
    /** It is refused. */
    FAIL,
    /** It waits, and gives up its place to a later one if too many wait. */
    SHED
}
