package vmette.vhostuser;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vmette.virtio.DescriptorChain;

/** Copies what it may read of each chain into what it may write, and notes all that happens to it. */
final class EchoDevice implements VhostUserDevice {
    static final long FEATURE = 1;

    final List<String> events = new ArrayList<>();
    final Map<Integer, Vring> rings = new TreeMap<>();
    RuntimeException thrownByKick;
    RuntimeException thrownByStop;
    boolean holdChains;

    @Override
    public int queueCount() {
        return 2;
    }

    @Override
    public long deviceFeatures() {
        return FEATURE;
    }

    @Override
    public byte[] config() {
        return new byte[] {3, 0, 0, 0, 0, 0, 0, 0};
    }

    @Override
    public void ringStarted(int index, Vring ring) {
        events.add("started " + index);
        rings.put(index, ring);
        serve(ring);
    }

    @Override
    public void ringStopped(int index) {
        events.add("stopped " + index);
        rings.remove(index);
        if (thrownByStop != null) {
            throw thrownByStop;
        }
    }

    @Override
    public void ringKicked(int index) {
        events.add("kicked " + index);
        if (thrownByKick != null) {
            throw thrownByKick;
        }
        serve(rings.get(index));
    }

    private void serve(Vring ring) {
        do {
            for (DescriptorChain chain = ring.queue().pop();
                    chain != null;
                    chain = ring.queue().pop()) {
                if (!holdChains) {
                    byte[] bytes = new byte[chain.readableBytes()];
                    chain.read(0, bytes, 0, bytes.length);
                    ring.queue().push(chain, chain.write(0, bytes, 0, bytes.length));
                }
            }
            ring.publish();
        } while (ring.queue().enableKicks());
    }

    @Override
    public void disconnected(String reason) {
        events.add("disconnected: " + reason);
    }
}
