package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.vsock.MuxerHarness.Sent;

/** Nobody's packets wait for more than one packet of each of the others. */
class RxFairnessPropertyTest {
    private static final int HOST = 7000;

    @Property(tries = 200)
    void whoHasSomethingToSendWaitsForOnePacketOfEachOther(
            @ForAll long seed, @ForAll @IntRange(min = 2, max = 11) int connections, @ForAll boolean flood) {
        Random random = new Random(seed);
        MuxerHarness harness = new MuxerHarness(MuxerHarness.limits(64 * 1024, new VsockBudget(1 << 30)), 0);
        List<RecordingHandler> handlers = new ArrayList<>();
        for (int port = 0; port < connections; port++) {
            handlers.add(harness.accepted(port, HOST, new RecordingHandler()));
        }
        Map<Integer, Integer> waiting = new HashMap<>();
        Map<Integer, Integer> queued = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            for (int writes = random.nextInt(3); writes > 0; writes--) {
                int port = random.nextInt(connections);
                // bulk, and now and then a ping
                int length = port == 0 ? 1 + random.nextInt(20_000) : 1 + random.nextInt(10);
                if (queued.getOrDefault(port, 0) < 60_000) {
                    handlers.get(port).channel.write(new byte[length], 0, length);
                    waiting.putIfAbsent(port, 0);
                    queued.merge(port, length, Integer::sum);
                }
            }
            while (flood && harness.muxer.mayReceive()) {
                harness.send(VsockOp.RW, 1000 + i, 20);
            }
            Sent sent = harness.poll(4096);
            if (sent == null) {
                assertThat(waiting).isEmpty();
                continue;
            }
            if (sent.op() == VsockOp.RW) {
                int port = sent.header().dstPort();
                waiting.remove(port);
                if (queued.merge(port, -sent.payload().length, Integer::sum) > 0) {
                    waiting.put(port, 0);
                }
            }
            waiting.replaceAll((port, packets) -> packets + 1);
            int most = flood ? 2 * (connections + 1) : connections + 1;
            assertThat(waiting).allSatisfy((port, packets) -> assertThat(packets)
                    .as("packets that port %d waited for", port)
                    .isLessThanOrEqualTo(most));
        }
    }
}
