package vmette.vsock;

import java.util.ArrayList;
import java.util.List;

/** The bytes of a stream. Those that arrive while somebody waits for them pass the buffer by. */
final class StreamInbound extends Inbound {
    private final ReceiveBuffer buffer;
    private byte[] direct;

    StreamInbound(int bound, int counterStart) {
        super(ReceiveBuffer.creditFor(bound), counterStart);
        this.buffer = new ReceiveBuffer(bound);
    }

    @Override
    int charge() {
        return buffer.charge() + (direct == null ? 0 : direct.length);
    }

    @Override
    boolean keep(Payload payload, int length, int flags, int wanted) {
        int at = 0;
        if (wanted > 0 && length > 0 && direct == null && buffer.isEmpty()) {
            at = Math.min(wanted, length);
            direct = new byte[at];
            payload.copyTo(0, direct, 0, at);
        }
        buffer.append(payload, at, length - at);
        return true;
    }

    @Override
    boolean ready() {
        return direct != null || !buffer.isEmpty();
    }

    @Override
    byte[] take(int wanted, ReceiveCredit credit) {
        byte[] out;
        if (direct != null) {
            out = direct;
            direct = null;
            credit.forward(out.length);
        } else {
            out = buffer.take(wanted);
            credit.forward(buffer.pollReleased());
        }
        return out;
    }

    @Override
    List<byte[]> takeWhole(int wanted, ReceiveCredit credit) {
        if (!buffer.startsWithin(wanted)) {
            return List.of();
        }
        List<byte[]> chunks = new ArrayList<>();
        int left = wanted;
        while (buffer.startsWithin(left)) {
            byte[] chunk = buffer.take(left);
            left -= chunk.length;
            chunks.add(chunk);
        }
        credit.forward(buffer.pollReleased());
        return chunks;
    }

    @Override
    void drop() {
        direct = null;
        buffer.clear();
    }
}
