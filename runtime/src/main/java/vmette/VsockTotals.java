package vmette;

import java.util.HashSet;
import java.util.Set;
import vmette.actors.VmVsock;
import vmette.vsock.VsockCounts;

/** What has gone over the vsocks of all VMs there have been. Thread-safe. */
final class VsockTotals {
    private final Set<VmVsock> living = new HashSet<>();
    private VsockCounts former = VsockCounts.NONE;

    synchronized void add(VmVsock vsock) {
        living.add(vsock);
    }

    synchronized void end(VmVsock vsock) {
        if (living.remove(vsock)) {
            former = former.plus(vsock.counts().ended());
        }
    }

    synchronized VsockCounts sum() {
        return living.stream().map(VmVsock::counts).reduce(former, VsockCounts::plus);
    }
}
