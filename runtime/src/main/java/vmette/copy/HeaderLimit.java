package vmette.copy;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * An archive whose headers end somewhere: what is read as one has to be kept, names and attributes included, and a hostile archive
 * announces as long a one as it likes. Not thread-safe.
 */
final class HeaderLimit extends FilterInputStream {
    /** Bytes of an entry's headers; Linux allows 4095 of a name, and 64 KiB of an attribute. */
    static final int MOST = 1 << 20;

    private static final long NONE = -1;

    private long left = NONE;

    HeaderLimit(InputStream in) {
        super(in);
    }

    /** Headers follow. */
    void header() {
        left = MOST;
    }

    /** Content follows, which may be of any length. */
    void content() {
        left = NONE;
    }

    @Override
    public int read() throws IOException {
        int value = super.read();
        spend(value < 0 ? 0 : 1);
        return value;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        int size = super.read(to, offset, length);
        spend(Math.max(0, size));
        return size;
    }

    @Override
    public long skip(long count) throws IOException {
        long size = super.skip(count);
        spend(size);
        return size;
    }

    private void spend(long size) throws IOException {
        if (left == NONE) {
            return;
        }
        if (size > left) {
            throw new IOException("the guest's archive has an entry with more than " + MOST + " bytes of headers");
        }
        left -= size;
    }
}
