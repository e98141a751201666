package vmette.snapshot;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.Locale;

/** The CRC32C of each MiB of a file; a MiB of zeroes has none. The file's last may be shorter. Immutable. */
public final class ChunkSums {
    /** What one sum is of, in bytes. */
    public static final int CHUNK = 1 << 20;

    private static final int DIGITS = 8;
    private static final String ZEROES = "-".repeat(DIGITS);

    private final long bytes;
    private final int[] sums;
    private final BitSet filled;

    private ChunkSums(long bytes, int[] sums, BitSet filled) {
        this.bytes = bytes;
        this.sums = sums;
        this.filled = filled;
    }

    /** Takes the sums of a file in the making. */
    static final class Builder {
        private final ChunkSums made;

        /** @param bytes the file's size, at least 0 */
        Builder(long bytes) {
            made = new ChunkSums(bytes, new int[Math.toIntExact(chunks(bytes))], new BitSet());
        }

        void put(int chunk, int sum) {
            made.sums[chunk] = sum;
            made.filled.set(chunk);
        }

        ChunkSums build() {
            return new ChunkSums(made.bytes, made.sums.clone(), (BitSet) made.filled.clone());
        }
    }

    private static long chunks(long bytes) {
        return bytes / CHUNK + (bytes % CHUNK == 0 ? 0 : 1);
    }

    /** Of the file, in bytes. */
    public long bytes() {
        return bytes;
    }

    /** How many MiB are not zeroes throughout. */
    public int filled() {
        return filled.cardinality();
    }

    int count() {
        return sums.length;
    }

    boolean isFilled(int chunk) {
        return filled.get(chunk);
    }

    boolean matches(int chunk, int sum) {
        return filled.get(chunk) && sums[chunk] == sum;
    }

    int length(int chunk) {
        return (int) Math.min(CHUNK, bytes - (long) chunk * CHUNK);
    }

    /** Eight characters for each MiB: hexadecimal digits, or dashes for zeroes. */
    String text() {
        StringBuilder text = new StringBuilder(sums.length * DIGITS);
        HexFormat hex = HexFormat.of();
        for (int chunk = 0; chunk < sums.length; chunk++) {
            text.append(filled.get(chunk) ? hex.toHexDigits(sums[chunk]) : ZEROES);
        }
        return text.toString();
    }

    /**
     * What {@link #text} wrote.
     *
     * @throws IllegalArgumentException if it is not that of a file of this size
     */
    static ChunkSums of(long bytes, String text) {
        if (bytes < 0 || text.length() % DIGITS != 0 || chunks(bytes) != text.length() / DIGITS) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%d characters are no checksums of %d bytes", text.length(), bytes));
        }
        Builder builder = new Builder(bytes);
        for (int chunk = 0; chunk < builder.made.sums.length; chunk++) {
            int at = chunk * DIGITS;
            if (!text.startsWith(ZEROES, at)) {
                builder.put(chunk, sum(text, at));
            }
        }
        return builder.build();
    }

    private static int sum(String text, int at) {
        for (int i = at; i < at + DIGITS; i++) {
            char digit = text.charAt(i);
            if ((digit < '0' || digit > '9') && (digit < 'a' || digit > 'f')) {
                throw new IllegalArgumentException("no checksum: " + text.substring(at, at + DIGITS));
            }
        }
        return HexFormat.fromHexDigits(text, at, at + DIGITS);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ChunkSums that
                && bytes == that.bytes
                && filled.equals(that.filled)
                && Arrays.equals(sums, that.sums);
    }

    @Override
    public int hashCode() {
        return Long.hashCode(bytes) * 31 + Arrays.hashCode(sums);
    }

    @Override
    public String toString() {
        return filled() + " MiB of " + bytes + " bytes";
    }
}
