package vmette.rootfs.providers;

import java.io.BufferedInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import vmette.errors.Reasons;

/** Takes the compression off an archive. What comes out is counted, so that a bomb ends where the budget does. */
final class Unpacking extends FilterInputStream {
    private static final int BUFFER = 1 << 16;

    private static final int[] GZIP = {0x1f, 0x8b};
    private static final int[] ZSTD = {0x28, 0xb5, 0x2f, 0xfd};
    private static final int[] XZ = {0xfd, '7', 'z', 'X', 'Z'};
    private static final int[] BZIP2 = {'B', 'Z', 'h'};
    private static final int[] ZIP = {'P', 'K', 3, 4};

    private final ByteBudget budget;

    private Unpacking(InputStream unpacked, ByteBudget budget) {
        super(unpacked);
        this.budget = budget;
    }

    /** Whether it is compressed, and how, is told by the first bytes. */
    static Unpacking of(InputStream raw, ByteBudget budget) throws IOException {
        BufferedInputStream in = new BufferedInputStream(new Raw(raw), BUFFER);
        in.mark(8);
        byte[] magic = in.readNBytes(6);
        in.reset();
        try {
            return new Unpacking(decompressor(in, magic), budget);
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static InputStream decompressor(InputStream in, byte[] magic) throws IOException {
        if (starts(magic, GZIP)) {
            return new GZIPInputStream(new Eager(in), BUFFER);
        }
        if (starts(magic, ZSTD) || isSkippableFrame(magic)) {
            return new BufferedInputStream(Zstandard.decode(in), BUFFER);
        }
        if (starts(magic, XZ) || starts(magic, BZIP2) || starts(magic, ZIP)) {
            String kind = starts(magic, XZ) ? "xz" : starts(magic, BZIP2) ? "bzip2" : "zip";
            throw new TarFormatException("it is compressed with " + kind + "; make it with gzip or zstd, or plain");
        }
        return in;
    }

    /** What Zstandard's tools may put before the first frame. */
    private static boolean isSkippableFrame(byte[] magic) {
        return magic.length > 3
                && (magic[0] & 0xf0) == 0x50
                && starts(Arrays.copyOfRange(magic, 1, magic.length), 0x2a, 0x4d, 0x18);
    }

    private static boolean starts(byte[] magic, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            if (i >= magic.length || (magic[i] & 0xff) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        try {
            int count = in.read(to, offset, length);
            budget.take(Math.max(0, count));
            return count;
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    /** What is left must be whole too: checksums are at the end. */
    void drain() throws IOException {
        byte[] dropped = new byte[BUFFER];
        int count = 0;
        while (count >= 0) {
            Interrupts.check("unpacking");
            count = read(dropped, 0, dropped.length);
        }
    }

    private static IOException damaged(IOException e) {
        return e instanceof SourceException || e instanceof TarFormatException ? e : new DamagedException(e);
    }

    @Override
    public long skip(long count) {
        throw new UnsupportedOperationException("nothing is skipped uncounted");
    }

    /** The bytes as they come cannot be had, which is no fault of what is in them. */
    static final class SourceException extends IOException {
        private static final long serialVersionUID = 1L;

        SourceException(IOException cause) {
            super(Reasons.of(cause), cause);
        }
    }

    /** What is compressed is damaged. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1L;

        DamagedException(IOException cause) {
            super("its compression is damaged or cut off: " + cause.getMessage(), cause);
        }
    }

    /** Tells failures to read from failures to unpack. */
    private static final class Raw extends FilterInputStream {
        Raw(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            try {
                return in.read(to, offset, length);
            } catch (IOException e) {
                throw new SourceException(e);
            }
        }
    }

    /** Says truly whether more is to come: gzip's members are told from garbage by that. */
    private static final class Eager extends PushbackInputStream {
        Eager(InputStream in) {
            super(in, 1);
        }

        @Override
        public int available() throws IOException {
            int next = read();
            if (next < 0) {
                return 0;
            }
            unread(next);
            return 1;
        }
    }
}
