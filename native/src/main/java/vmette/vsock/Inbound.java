package vmette.vsock;

import java.util.ArrayList;
import java.util.List;

/** The guest's bytes of one connection: credit, buffer and demand. Says what is due; calls nobody. */
final class Inbound {
    private final ReceiveCredit credit;
    private final ReceiveBuffer buffer;
    private byte[] direct;
    private int demand;
    private boolean several;
    private int left;
    private boolean refused;
    private boolean ended;
    private boolean endDelivered;
    private boolean updateAsked;

    Inbound(int bound, int counterStart) {
        this.credit = new ReceiveCredit(ReceiveBuffer.creditFor(bound), counterStart);
        this.buffer = new ReceiveBuffer(bound);
    }

    int bufAlloc() {
        return credit.bufAlloc();
    }

    int fwdCnt() {
        return credit.forwarded();
    }

    int charge() {
        return buffer.charge() + (direct == null ? 0 : direct.length);
    }

    /** See {@link ReceiveCredit#limit}. */
    void limit(int guestBufAlloc) {
        credit.limit(guestBufAlloc);
    }

    /** @param inSeveral whether {@link #rest} may follow {@link #next} */
    void request(int maxBytes, boolean inSeveral) {
        demand = maxBytes;
        several = inSeveral;
    }

    /** Takes a packet in; false if the guest had no credit for it. */
    boolean receive(Payload payload, int length) {
        if (!credit.receive(length)) {
            return false;
        }
        if (refused) {
            return true;
        }
        int at = 0;
        if (demand > 0 && length > 0 && direct == null && buffer.isEmpty()) {
            at = Math.min(demand, length);
            direct = new byte[at];
            payload.copyTo(0, direct, 0, at);
        }
        buffer.append(payload, at, length - at);
        return true;
    }

    boolean deliverable() {
        return demand > 0 && !refused && (direct != null || !buffer.isEmpty());
    }

    /** The next chunk to hand over, which uses up the demand but for {@link #rest}; only if {@link #deliverable}. */
    byte[] next() {
        byte[] out;
        int wanted = demand;
        if (direct != null) {
            out = direct;
            direct = null;
            credit.forward(out.length);
        } else {
            out = buffer.take(demand);
            credit.forward(buffer.pollReleased());
        }
        demand = 0;
        left = several ? wanted - out.length : 0;
        return out;
    }

    /** What goes along with {@link #next}: the chunks after it that are wanted whole, often none. */
    List<byte[]> rest() {
        if (left == 0 || !buffer.startsWithin(left)) {
            return List.of();
        }
        List<byte[]> chunks = new ArrayList<>();
        while (buffer.startsWithin(left)) {
            byte[] chunk = buffer.take(left);
            left -= chunk.length;
            chunks.add(chunk);
        }
        credit.forward(buffer.pollReleased());
        return chunks;
    }

    /** The guest sends no more. */
    void end() {
        ended = true;
    }

    /** Nobody wants what the guest sends. */
    void refuse() {
        refused = true;
        direct = null;
        buffer.clear();
    }

    boolean refused() {
        return refused;
    }

    boolean ended() {
        return ended;
    }

    /** Whether nothing more comes over the ring. */
    boolean over() {
        return ended || refused;
    }

    /** Whether everything has been handed over, the end included. */
    boolean done() {
        return refused || endDelivered;
    }

    boolean endDue() {
        return ended && !refused && !endDelivered && direct == null && buffer.isEmpty();
    }

    void endDelivered() {
        endDelivered = true;
    }

    /** The guest asks for our numbers. */
    void askUpdate() {
        updateAsked = true;
    }

    boolean updateDue() {
        return updateAsked || (!over() && credit.updateDue());
    }

    /** A packet with our numbers goes out. */
    void told() {
        updateAsked = false;
        credit.told();
    }
}
