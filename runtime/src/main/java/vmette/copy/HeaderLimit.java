package vmette.copy;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** An archive whose headers are bounded: what stands before an entry's content a parser keeps whole, however long it says it is. */
final class HeaderLimit extends FilterInputStream {
    /** Bytes of one entry's headers: Linux allows names of 4096 bytes and attributes of 64 KiB. */
    static final int MOST = 1 << 20;

    private long left = Long.MAX_VALUE;

    HeaderLimit(InputStream archive) {
        super(archive);
    }

    /** An entry's headers begin. */
    void headers() {
        left = MOST;
    }

    /** Its content begins. */
    void content() {
        left = Long.MAX_VALUE;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        int count = in.read(to, offset, (int) allowed(length));
        left -= Math.max(0, count);
        return count;
    }

    @Override
    public long skip(long count) throws IOException {
        long skipped = in.skip(allowed(count));
        left -= skipped;
        return skipped;
    }

    private long allowed(long count) throws IOException {
        if (left == 0 && count > 0) {
            throw new IOException("the archive has more than " + MOST + " bytes to say of one file");
        }
        return Math.min(count, left);
    }
}
