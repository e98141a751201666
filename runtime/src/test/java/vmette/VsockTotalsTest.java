package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import vmette.actors.VmVsock;
import vmette.stream.CountingHost;
import vmette.vsock.VsockCounts;

/** What VMs that have ended had counted stays in the sum. */
class VsockTotalsTest {
    private static VmVsock counting(String name, VsockCounts counts) {
        VmVsock vsock = new VmVsock(name);
        vsock.attach(new CountingHost(counts));
        return vsock;
    }

    @Test
    void theSumNeverGoesBack() {
        VsockTotals totals = new VsockTotals();
        VmVsock one = counting("one", new VsockCounts(1, 20, 300));
        totals.add(one);
        totals.add(counting("two", new VsockCounts(4, 50, 600)));
        assertThat(totals.sum()).isEqualTo(new VsockCounts(5, 70, 900));
        totals.end(one);
        totals.end(one);
        assertThat(totals.sum()).isEqualTo(new VsockCounts(4, 70, 900));
    }
}
