package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Several VMs that share one budget and make, keep and end connections in any order. */
class SharedBudgetTest {
    private static final int BUF_ALLOC = 16 * 1024;
    private static final int HOST = 7000;
    private static final int VMS = 4;

    private static final class Vm {
        private final MuxerHarness harness;
        private final List<RecordingHandler> handlers = new ArrayList<>();

        private Vm(VsockBudget budget) {
            harness = new MuxerHarness(MuxerHarness.limits(BUF_ALLOC, budget), 0);
            harness.host.listen(HOST, 100, request -> request.accept(handler()));
        }

        private RecordingHandler handler() {
            handlers.add(new RecordingHandler());
            return handlers.get(handlers.size() - 1);
        }
    }

    @Property(tries = 200)
    void nothingIsReservedBeyondALimitAndEverythingComesBack(
            @ForAll Random random, @ForAll @IntRange(min = 4, max = 50) int places) {
        VsockBudget budget = new VsockBudget((long) places * BUF_ALLOC);
        List<Vm> vms = new ArrayList<>();
        for (int i = 0; i < VMS; i++) {
            vms.add(new Vm(budget));
        }
        for (int step = 0; step < 200; step++) {
            Vm vm = vms.get(random.nextInt(VMS));
            switch (random.nextInt(8)) {
                case 0, 1 -> dial(vm, budget);
                case 2, 3, 4 -> guestDials(vm, budget, 1 + step, places);
                case 5, 6 -> {
                    if (!vm.handlers.isEmpty()) {
                        RecordingHandler handler = vm.handlers.remove(random.nextInt(vm.handlers.size()));
                        if (handler.channel != null) {
                            handler.channel.reset();
                        }
                    }
                }
                default -> {
                    if (random.nextInt(10) == 0) {
                        vm.harness.muxer.close("the VM ended");
                        assertThat(vm.harness.muxer.connectionCount()).isZero();
                        vms.set(vms.indexOf(vm), new Vm(budget));
                    }
                }
            }
            vm.harness.drain();
            long connections = vms.stream()
                    .mapToLong(v -> v.harness.muxer.connectionCount())
                    .sum();
            assertThat(budget.reserved()).isEqualTo(connections * BUF_ALLOC).isLessThanOrEqualTo(budget.limit());
        }
        vms.forEach(vm -> vm.harness.muxer.close("the VM ended"));
        assertThat(budget.reserved()).isZero();
    }

    /** The host is refused only where there is no place at all. */
    private static void dial(Vm vm, VsockBudget budget) {
        int before = vm.harness.muxer.connectionCount();
        boolean room = before < vm.harness.limits.maxConnections() && budget.reserved() + BUF_ALLOC <= budget.limit();
        RecordingHandler handler = vm.handler();
        vm.harness.host.connect(1, Duration.ofSeconds(1), handler);
        assertThat(handler.over()).isEqualTo(!room);
        assertThat(vm.harness.muxer.connectionCount()).isEqualTo(before + (room ? 1 : 0));
    }

    /** A guest leaves a quarter of its VM's places, and of the process's, to the host. */
    private static void guestDials(Vm vm, VsockBudget budget, int port, int places) {
        int before = vm.harness.muxer.connectionCount();
        int most = vm.harness.limits.maxConnections();
        boolean room = before < most - most / 4 && budget.reserved() / BUF_ALLOC < places - places / 4;
        vm.harness.send(VsockOp.REQUEST, port, HOST);
        assertThat(vm.harness.muxer.connectionCount()).isEqualTo(before + (room ? 1 : 0));
    }
}
