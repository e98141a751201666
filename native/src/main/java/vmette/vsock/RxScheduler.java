package vmette.vsock;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashSet;

/**
 * Decides whose packet fills the next RX buffer: RSTs first, because the TX queue may be waiting for them to leave, then the
 * connections in turn, one packet each. Without RX buffers (a guest still booting, say) they wait here.
 */
final class RxScheduler {
    private final ArrayDeque<VsockHeader> replies = new ArrayDeque<>();
    private final LinkedHashSet<VsockConnection> ready = new LinkedHashSet<>();
    private final byte[] headerBytes = new byte[VsockHeader.BYTES];
    private final Runnable wanted;

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

    /** Forgets the RSTs: the guest they are for is not there any more. */
    void clearReplies() {
        replies.clear();
    }

    /** Whether {@link #fill} has a packet. */
    boolean hasPacket() {
        if (!replies.isEmpty()) {
            return true;
        }
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
        VsockHeader reply = replies.pollFirst();
        if (reply != null) {
            reply.encode(headerBytes);
            buffer.write(0, headerBytes, 0, VsockHeader.BYTES);
            return VsockHeader.BYTES;
        }
        Iterator<VsockConnection> all = ready.iterator();
        VsockConnection next = all.next();
        all.remove();
        int length = next.fill(buffer);
        next.filled();
        return length;
    }
}
