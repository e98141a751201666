package vmette.vsock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Several {@link ModelGuest}s behind one muxer, each with a reader on the host's side. */
final class SeveralGuestSockets {
    static final int HOST = 7000;

    final MuxerHarness harness;
    final List<RecordingHandler> handlers = new ArrayList<>();
    final List<ModelGuest> guests = new ArrayList<>();
    private final Map<Integer, Integer> byPort = new HashMap<>();

    SeveralGuestSockets(MuxerHarness harness, int count, int guestAlloc, int counterStart) {
        this.harness = harness;
        harness.host.listen(HOST, count, request -> {
            handlers.add(new RecordingHandler());
            request.accept(handlers.get(handlers.size() - 1));
        });
        for (int i = 0; i < count; i++) {
            guests.add(new ModelGuest(harness, 100 + i, HOST, guestAlloc, counterStart));
            byPort.put(100 + i, i);
            guests.get(i).send(VsockOp.REQUEST, 0, new byte[0]);
        }
        take(Integer.MAX_VALUE);
    }

    /** Gives RX buffers, until so many are used or nothing is left to send. */
    void take(int buffers) {
        for (int i = 0; i < buffers; i++) {
            MuxerHarness.Sent packet = harness.poll(MuxerHarness.LINUX_RX_PAYLOAD);
            if (packet == null) {
                return;
            }
            int to = byPort.get(packet.header().dstPort());
            guests.get(to).take(packet, handlers.get(to).received.size());
        }
    }
}
