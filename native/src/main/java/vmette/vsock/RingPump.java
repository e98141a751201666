package vmette.vsock;

import java.util.Arrays;
import vmette.vhostuser.Vring;
import vmette.virtio.DescriptorChain;
import vmette.virtio.SplitVirtqueue;

/**
 * Moves packets between the rings and the muxer, at most so many chains per ring and turn. A ring is published once per
 * turn, so that the driver is called once for all of it. Kicks are off while they would tell nothing new.
 */
final class RingPump {
    static final int RX = 0;
    static final int TX = 1;

    private final VsockMuxer muxer;
    private final int maxChains;
    private final byte[] headerBytes = new byte[VsockHeader.BYTES];
    private final ChainBuffer buffer = new ChainBuffer();
    private final Vring[] rings = new Vring[2];
    private final int[] stoppedAt = new int[2];
    private boolean begunAnew;

    private static final class ChainBuffer implements RxBuffer {
        private DescriptorChain chain;

        @Override
        public int capacity() {
            return chain.writableBytes();
        }

        @Override
        public void write(int offset, byte[] source, int sourceOffset, int length) {
            chain.write(offset, source, sourceOffset, length);
        }
    }

    RingPump(VsockMuxer muxer, int maxChains) {
        this.muxer = muxer;
        this.maxChains = maxChains;
    }

    void started(Vring ring) {
        int index = ring.index();
        rings[index] = ring;
        // a paused VM's ring goes on where it stopped; a driver that was reset begins at 0
        begunAnew |= ring.queue().base() != stoppedAt[index];
        if (running() && begunAnew) {
            begunAnew = false;
            muxer.transportReset();
        }
    }

    /** Takes what the driver has sent before it stopped the ring: it is told nothing of what gets lost. No more of it than in any turn, which is what QEMU's ring holds. */
    void stopping(int index) {
        Vring tx = rings[index];
        // What a new driver has sent is not for the connections of the former.
        if (index == TX && tx != null && !begunAnew) {
            pumpTx(tx);
        }
    }

    void stopped(int index) {
        Vring ring = rings[index];
        if (ring != null) {
            stoppedAt[index] = ring.queue().base();
            rings[index] = null;
        }
    }

    /** The rings are not there any more, and those that come are new ones. */
    void forget() {
        Arrays.fill(rings, null);
        Arrays.fill(stoppedAt, 0);
        begunAnew = false;
    }

    /** Nothing is said to a guest that hears but cannot speak, so both rings have to be there. */
    boolean running() {
        return rings[RX] != null && rings[TX] != null;
    }

    /** One turn; returns whether another should follow. */
    boolean turn() {
        if (!running()) {
            return false;
        }
        boolean more = pumpTx(rings[TX]);
        boolean paused = !muxer.mayReceive();
        more |= pumpRx(rings[RX]);
        return more || (paused && muxer.mayReceive());
    }

    private boolean pumpTx(Vring tx) {
        SplitVirtqueue queue = tx.queue();
        boolean more = false;
        int taken = 0;
        queue.disableKicks();
        while (muxer.mayReceive()) {
            if (taken == maxChains) {
                more = true;
                break;
            }
            DescriptorChain chain = queue.pop();
            if (chain == null) {
                if (queue.enableKicks()) {
                    queue.disableKicks();
                    continue;
                }
                break;
            }
            taken++;
            try {
                VsockPacket.read(chain, headerBytes).ifPresent(muxer::receive);
            } finally {
                queue.push(chain, 0);
            }
        }
        tx.publish();
        return more;
    }

    private boolean pumpRx(Vring rx) {
        SplitVirtqueue queue = rx.queue();
        boolean more = false;
        boolean starved = false;
        int taken = 0;
        queue.disableKicks();
        while (muxer.rx().hasPacket()) {
            if (taken == maxChains) {
                more = true;
                break;
            }
            DescriptorChain chain = queue.pop();
            if (chain == null) {
                starved = !queue.enableKicks();
                if (starved) {
                    break;
                }
                continue;
            }
            taken++;
            fill(queue, chain);
        }
        if (!starved) {
            queue.disableKicks();
        }
        rx.publish();
        return more;
    }

    private void fill(SplitVirtqueue queue, DescriptorChain chain) {
        int written = 0;
        try {
            // a buffer without room for a header is returned as it came; a sane driver has none
            if (chain.writableBytes() >= VsockHeader.BYTES) {
                buffer.chain = chain;
                written = muxer.rx().fill(buffer);
                muxer.sent(written - VsockHeader.BYTES);
            }
        } finally {
            buffer.chain = null;
            queue.push(chain, written);
        }
    }
}
