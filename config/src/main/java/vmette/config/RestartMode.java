package vmette.config;

/** Which ends of a VM are followed by another incarnation. */
public enum RestartMode {
    /** All but those its owner asked for: also when the guest has powered itself off. */
    PERMANENT,
    /** Failures, but not a guest's powering itself off. */
    TRANSIENT,
    /** None. */
    TEMPORARY
}
