package vmette.qemu;

import java.io.IOException;
import vmette.vmm.SnapshotSink;

/** Tells the state of a VM that stands still. Made while the VM runs; blocks. */
interface StateTeller extends AutoCloseable {
    /**
     * Gives the sink the state, and no more: the memory is left to {@link SnapshotSink#standsStill}.
     *
     * @throws IOException with the reason; the VM can go on
     * @throws vmette.errors.VmLostException if the VM cannot
     */
    void tell(SnapshotSink sink) throws QmpException, IOException;

    /** Leaves nothing of what it needed. */
    @Override
    void close();
}
