package vmette.qemu;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** Cuts a byte stream into lines of bounded length. */
final class LineAssembler {
    private static final int INITIAL_BYTES = 1024;

    private final int maxBytes;
    private byte[] line = new byte[INITIAL_BYTES];
    private int length;

    LineAssembler(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /**
     * Takes bytes up to the next line's end, or all.
     *
     * @return the line without its end, if it is complete; call again for more
     */
    Optional<byte[]> take(ByteBuffer bytes) throws QmpProtocolException {
        while (bytes.hasRemaining()) {
            byte b = bytes.get();
            if (b == '\n') {
                byte[] complete = Arrays.copyOf(line, length);
                length = 0;
                if (line.length > INITIAL_BYTES) {
                    line = new byte[INITIAL_BYTES];
                }
                return Optional.of(complete);
            }
            append(b);
        }
        return Optional.empty();
    }

    private void append(byte b) throws QmpProtocolException {
        if (length == maxBytes) {
            throw new QmpProtocolException("a line of more than " + maxBytes + " bytes");
        }
        if (length == line.length) {
            line = Arrays.copyOf(line, Math.min(maxBytes, 2 * line.length));
        }
        line[length++] = b;
    }
}
