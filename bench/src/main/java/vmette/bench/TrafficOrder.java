package vmette.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What the guest's end of a connection is to do; {@code vsock-traffic.c} explains it.
 *
 * @param mode who sends
 * @param writeSize bytes of each of the sender's writes, at most {@link #LARGEST}
 * @param bytes in each direction that is used, on one connection
 */
record TrafficOrder(Mode mode, int writeSize, long bytes) {
    static final int LARGEST = 64 * 1024;

    /** Directions, seen from the host. */
    enum Mode {
        FROM_GUEST(1, "guest to host"),
        TO_GUEST(2, "host to guest"),
        BOTH(3, "both at once"),
        ECHO(4, "ping-pong");

        private final int wire;
        private final String label;

        Mode(int wire, String label) {
            this.wire = wire;
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    byte[] encode() {
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(mode.wire)
                .putInt(writeSize)
                .putLong(bytes)
                .array();
    }

    /** Payload bytes the host writes after the order. */
    long toSend() {
        return mode == Mode.FROM_GUEST || mode == Mode.ECHO ? 0 : bytes;
    }

    /** Bytes the host gets: payload, and where the guest receives one more that says it has. */
    long toReceive() {
        return switch (mode) {
            case FROM_GUEST -> bytes;
            case TO_GUEST -> 1;
            case BOTH -> bytes + 1;
            case ECHO -> 0;
        };
    }
}
