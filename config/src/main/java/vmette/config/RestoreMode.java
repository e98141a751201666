package vmette.config;

/** How the memory of a VM that goes on from a snapshot is had. */
public enum RestoreMode {
    /** {@link #COW} where it can be had, else {@link #COPY}. */
    AUTO,
    /** Copy on write: VMs of one snapshot share what none of them has changed, and nothing is copied when they start. */
    COW,
    /** All of it is copied when the VM starts. */
    COPY
}
