package vmette.vmm;

import java.io.InputStream;

/**
 * Takes what a monitor tells of a VM that is saved. Each is called once, in this order, and but for the first while the guest's CPUs stand still, on a thread of the
 * monitor's that may block; what they throw makes the snapshot fail.
 */
public interface SnapshotSink {
    /** The guest is asked to let go of its vsock device; whatever fails from here on, it may have. */
    default void unplugs() {}

    /**
     * The disks for which there are overlays are laid under them, and are not written to any more, whatever becomes of the snapshot. Not called where there are none.
     */
    default void disksFrozen() {}

    /** The state of all devices; to be read to its end. */
    void state(InputStream state);

    /** Nothing of the guest's memory changes before this returns: it can be copied. */
    void standsStill();
}
