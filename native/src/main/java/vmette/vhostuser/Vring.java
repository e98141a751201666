package vmette.vhostuser;

import java.util.Objects;
import vmette.virtio.SplitVirtqueue;

/** A running ring as a device sees it: the virtqueue, and the way to call the driver. Used on the loop's thread. */
public final class Vring {
    private final int index;
    private final SplitVirtqueue queue;
    private final Runnable call;

    /**
     * @param index number of the ring in its device, from 0
     * @param queue running
     * @param call interrupts the driver; does nothing where the driver polls
     */
    public Vring(int index, SplitVirtqueue queue, Runnable call) {
        this.index = index;
        this.queue = Objects.requireNonNull(queue, "queue");
        this.call = Objects.requireNonNull(call, "call");
    }

    /** Number of the ring in its device, from 0. */
    public int index() {
        return index;
    }

    /** The virtqueue. Publish through {@link #publish}, or the driver is not called. */
    public SplitVirtqueue queue() {
        return queue;
    }

    /** Lets the driver see the chains returned since the last time, and calls it if it asked for that. */
    public void publish() {
        if (queue.publish()) {
            call.run();
        }
    }
}
