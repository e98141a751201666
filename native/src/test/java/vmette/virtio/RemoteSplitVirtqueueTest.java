package vmette.virtio;

import vmette.memory.GuestRam;
import vmette.memory.RemoteRam;

/** The same rings in another process's private memory. */
class RemoteSplitVirtqueueTest extends SplitVirtqueueTest {
    @Override
    GuestRam ram(long address, long size) {
        return RemoteRam.create(address, size);
    }
}
