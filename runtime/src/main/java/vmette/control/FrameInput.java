package vmette.control;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** Bytes that come in frames. */
abstract class FrameInput extends InputStream {
    private byte[] chunk = new byte[0];
    private int at;
    private boolean ended;

    /** What comes next, perhaps nothing; empty: that was all. */
    abstract Optional<byte[]> next() throws IOException;

    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public final int read(byte[] to, int offset, int length) throws IOException {
        while (at == chunk.length && !ended && length > 0) {
            Optional<byte[]> next = next();
            ended = next.isEmpty();
            chunk = next.orElse(chunk);
            at = ended ? chunk.length : 0;
        }
        if (length == 0) {
            return 0;
        }
        if (at == chunk.length) {
            return -1;
        }
        int size = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, to, offset, size);
        at += size;
        return size;
    }
}
