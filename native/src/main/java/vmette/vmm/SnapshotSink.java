package vmette.vmm;

import java.io.InputStream;

/**
 * Takes what a monitor tells of a VM that is saved. Both are called once, in this order, while the guest's CPUs stand still, on a thread of the
 * monitor's that may block; what they throw makes the snapshot fail.
 */
public interface SnapshotSink {
    /** The state of all devices; to be read to its end. */
    void state(InputStream state);

    /** Nothing of the guest's memory and disks changes before this returns: they can be copied. */
    void standsStill();
}
