package vmette.vsock;

import java.util.List;

/**
 * The messages of a seqpacket connection, each handed over when its last fragment is there. Lengths are kept apart from bytes,
 * in a byte or a few each, so that a flood of tiny messages costs no more than twice its credit; one of empty messages, which
 * needs no credit, is a violation.
 *
 * <p>Credit is given back message by message and not, as a stream's, by the chunk: what a whole message leaves in a chunk
 * must not keep the next one from becoming whole.
 */
final class MessageInbound extends Inbound {
    /** Empty messages that may wait. */
    static final int EMPTY_MESSAGES = 1024;

    private final ReceiveBuffer buffer;
    private final LengthQueue lengths;
    private int begun;

    MessageInbound(int bound, int counterStart) {
        super(creditFor(bound), counterStart);
        this.buffer = new ReceiveBuffer(bound / 2);
        this.lengths = new LengthQueue(creditFor(bound) + EMPTY_MESSAGES);
    }

    /** The credit that may be given out: half of the memory is for lengths, a quarter of the rest for a chunk half taken. */
    static int creditFor(int bound) {
        return ReceiveBuffer.creditFor(bound / 2) / 4 * 3;
    }

    @Override
    int charge() {
        return buffer.charge() + lengths.charge();
    }

    @Override
    boolean keep(Payload payload, int length, int flags, int wanted) {
        buffer.append(payload, 0, length);
        begun += length;
        if ((flags & VsockHeader.MESSAGE_END) != 0) {
            if (!lengths.add(begun)) {
                return false;
            }
            begun = 0;
        }
        return true;
    }

    @Override
    boolean ready() {
        return !lengths.isEmpty();
    }

    @Override
    byte[] take(int wanted, ReceiveCredit credit) {
        int length = lengths.remove();
        credit.forward(length);
        if (length == 0) {
            return new byte[0];
        }
        byte[] part = buffer.take(length);
        if (part.length == length) {
            return part;
        }
        byte[] out = new byte[length];
        int at = 0;
        while (true) {
            System.arraycopy(part, 0, out, at, part.length);
            at += part.length;
            if (at == length) {
                return out;
            }
            part = buffer.take(length - at);
        }
    }

    @Override
    List<byte[]> takeWhole(int wanted, ReceiveCredit credit) {
        return List.of();
    }

    /** A guest waits until there is room for the whole of its next message, however much there is already. */
    @Override
    boolean creditDue(ReceiveCredit credit) {
        return credit.updateDue() || (credit.untold() && !ready());
    }

    @Override
    void drop() {
        buffer.clear();
        lengths.clear();
        begun = 0;
    }
}
