package vmette.guest.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The first bytes of a connection, which say what it is for; the agent answers none of them. */
public final class Openings {
    /** After a command's three. */
    private static final int SOCKET = 3;

    private Openings() {}

    /** Opens a control connection: {@code VMTC}; frames follow. */
    public static byte[] control() {
        return "VMTC".getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Says on the data connection of an attached output how far its bytes have been received.
     *
     * @param offset of the first byte not received
     */
    public static byte[] acknowledgement(long offset) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(offset)
                .array();
    }

    /**
     * Opens a data connection: {@code VMTD}, execution, stream, token; the stream's raw bytes follow.
     *
     * @param execution the id that the EXEC frame gave
     * @param stream which stream this connection claims
     * @param token the one that the EXEC frame gave for it
     */
    public static byte[] data(long execution, StreamId stream, Token token) {
        return data(execution, stream.wire(), token);
    }

    /**
     * Opens a forward's data connection: as for a command's stream, with the forward's id and stream number 3.
     *
     * @param forward the id that the FORWARD frame gave
     * @param token the one that the FORWARD frame gave
     */
    public static byte[] forward(long forward, Token token) {
        return data(forward, SOCKET, token);
    }

    private static byte[] data(long id, int stream, Token token) {
        return ByteBuffer.allocate(4 + 8 + 1 + Token.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("VMTD".getBytes(StandardCharsets.US_ASCII))
                .putLong(id)
                .put((byte) stream)
                .put(token.bytes())
                .array();
    }
}
