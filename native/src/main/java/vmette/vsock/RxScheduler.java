package vmette.vsock;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;

/**
 * Decides whose packet fills the next RX buffer. RSTs and connections take every other one while both wait: the TX queue may
 * be waiting for RSTs to leave, and a guest that provokes them without end must not silence its own connections. Among the
 * connections each has one packet in its turn. Without RX buffers (a guest still booting, say) they all wait here.
 */
final class RxScheduler {
    private final ArrayDeque<VsockHeader> replies = new ArrayDeque<>();
    private final LinkedHashSet<VsockConnection> ready = new LinkedHashSet<>();
    private final byte[] headerBytes = new byte[VsockHeader.BYTES];
    private final Runnable wanted;
    private boolean replied;

    /** @param wanted called when there is something to send; must not send it from within the call */
    RxScheduler(Runnable wanted) {
        this.wanted = wanted;
    }

    void reply(VsockHeader rst) {
        replies.addLast(rst);
        wanted.run();
    }

    /** How many RSTs wait. */
    int replies() {
        return replies.size();
    }

    void ready(VsockConnection connection) {
        if (ready.add(connection)) {
            wanted.run();
        }
    }

    /** A connection that is over waits for nothing. */
    void remove(VsockConnection connection) {
        ready.remove(connection);
    }

    /** Forgets the RSTs for a pair of ports: the guest uses them anew and so does not wait for any. */
    void forget(ConnectionKey key) {
        replies.removeIf(rst -> rst.dstPort() == key.guestPort() && rst.srcPort() == key.hostPort());
    }

    /** Forgets the RSTs: the guest they are for is not there any more. */
    void clearReplies() {
        replies.clear();
    }

    /** Whether {@link #fill} has a packet. */
    boolean hasPacket() {
        return !replies.isEmpty() || connectionWaits();
    }

    /** Whether a connection has a packet; those in front that have none any more lose their place. */
    private boolean connectionWaits() {
        Iterator<VsockConnection> all = ready.iterator();
        while (all.hasNext()) {
            if (all.next().wantsRx()) {
                return true;
            }
            all.remove();
        }
        return false;
    }

    /** Fills a buffer with the next packet and says how many bytes it has; only after {@link #hasPacket}. */
    int fill(RxBuffer buffer) {
        boolean connectionWaits = connectionWaits();
        if (!replies.isEmpty() && !(replied && connectionWaits)) {
            replied = true;
            replies.removeFirst().encode(headerBytes);
            buffer.write(0, headerBytes, 0, VsockHeader.BYTES);
            return VsockHeader.BYTES;
        }
        replied = false;
        Iterator<VsockConnection> all = ready.iterator();
        VsockConnection next = all.next();
        all.remove();
        int length = next.fill(buffer);
        next.filled();
        return length;
    }
}
