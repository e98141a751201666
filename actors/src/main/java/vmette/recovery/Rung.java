package vmette.recovery;

/** Where a VM comes up again from. A recovery begins at its failure's rung and goes down to the first that can be had. */
public enum Rung {
    /** The newest snapshot that may be trusted. */
    LAST_GOOD,
    /** The snapshot that was declared the VM's best state. */
    GOLDEN,
    /** A boot. */
    COLD
}
