package vmette.vsock;

import java.util.List;

/** What the guest sends on one connection: credit, what waits, and demand. Says what is due; calls nobody. */
abstract sealed class Inbound permits StreamInbound, MessageInbound {
    private final ReceiveCredit credit;
    private int demand;
    private boolean several;
    private int left;
    private boolean refused;
    private boolean ended;
    private boolean endDelivered;
    private boolean updateAsked;

    Inbound(int credit, int counterStart) {
        this.credit = new ReceiveCredit(credit, counterStart);
    }

    /** @param bound bytes of memory */
    static Inbound create(VsockType type, int bound, int counterStart) {
        return type == VsockType.STREAM
                ? new StreamInbound(bound, counterStart)
                : new MessageInbound(bound, counterStart);
    }

    int bufAlloc() {
        return credit.bufAlloc();
    }

    int fwdCnt() {
        return credit.forwarded();
    }

    /** Bytes of memory held. */
    abstract int charge();

    /** Keeps a payload that the credit covers; false if that takes more memory than there is. */
    abstract boolean keep(Payload payload, int length, int flags, int wanted);

    /** Whether something can be handed over. */
    abstract boolean ready();

    /** Takes what is to be handed over next, at most {@code wanted} bytes of a stream, and gives credit back for it. */
    abstract byte[] take(int wanted, ReceiveCredit credit);

    /** As {@link #take}, those chunks of a stream that go whole into {@code wanted} bytes; of messages none. */
    abstract List<byte[]> takeWhole(int wanted, ReceiveCredit credit);

    /** Drops all that waits. */
    abstract void drop();

    /** See {@link ReceiveCredit#limit}. */
    void limit(int guestBufAlloc) {
        credit.limit(guestBufAlloc);
    }

    /** @param inSeveral whether {@link #rest} may follow {@link #next} */
    void request(int maxBytes, boolean inSeveral) {
        demand = maxBytes;
        several = inSeveral;
    }

    /** Takes a packet in; false if the guest had no credit for it, or means to fill us with what needs none. */
    boolean receive(Payload payload, int length, int flags) {
        if (!credit.receive(length)) {
            return false;
        }
        return refused || keep(payload, length, flags, demand);
    }

    boolean deliverable() {
        return demand > 0 && !refused && ready();
    }

    /** The next chunk or message to hand over, which uses up the demand but for {@link #rest}; only if {@link #deliverable}. */
    byte[] next() {
        int wanted = demand;
        byte[] out = take(wanted, credit);
        demand = 0;
        left = several ? wanted - out.length : 0;
        return out;
    }

    /** What goes along with {@link #next}: the chunks after it that are wanted whole, often none. */
    List<byte[]> rest() {
        return left > 0 ? takeWhole(left, credit) : List.of();
    }

    /** The guest sends no more. */
    void end() {
        ended = true;
    }

    /** Nobody wants what the guest sends. */
    void refuse() {
        refused = true;
        drop();
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
        return ended && !refused && !endDelivered && !ready();
    }

    void endDelivered() {
        endDelivered = true;
    }

    /** The guest asks for our numbers. */
    void askUpdate() {
        updateAsked = true;
    }

    boolean updateDue() {
        return updateAsked || (!over() && creditDue(credit));
    }

    /** Whether the guest should be told of credit it does not know of. */
    boolean creditDue(ReceiveCredit credit) {
        return credit.updateDue();
    }

    /** A packet with our numbers goes out. */
    void told() {
        updateAsked = false;
        credit.told();
    }
}
