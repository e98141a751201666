package vmette.control;

import java.io.IOException;
import java.io.InputStream;

/** The content that a client sends: it ends with END, and any other end is a failure. */
final class ContentInput extends InputStream {
    private final ControlConnection connection;
    private byte[] chunk = new byte[0];
    private int at;
    private boolean ended;

    ContentInput(ControlConnection connection) {
        this.connection = connection;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        while (at == chunk.length && !ended && length > 0) {
            ControlFrame frame = connection.read();
            if (frame instanceof ControlFrame.Data data) {
                chunk = data.bytes();
                at = 0;
            } else if (frame instanceof ControlFrame.End) {
                ended = true;
            } else {
                throw new IOException("the client sent something else than content");
            }
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
