package vmette.rootfs.providers;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Writes an archive of POSIX' kind that says exactly what the entries say. Not thread-safe. */
final class TarWriter {
    private static final long MOST_OCTAL_SIZE = (1L << 33) - 1;
    private static final long MOST_OCTAL_ID = (1L << 21) - 1;
    private static final int MOST_NAME = 100;
    private static final byte[] ZEROES = new byte[2 * TarHeader.BLOCK];

    private final OutputStream out;

    TarWriter(OutputStream out) {
        this.out = out;
    }

    /** The headers; {@code size} bytes of {@link #content} have to follow, then {@link #pad}. */
    void entry(TarEntry entry) throws IOException {
        Map<String, String> records = records(entry);
        if (!records.isEmpty()) {
            byte[] text = encode(records);
            out.write(header("pax", 'x', 0644, 0, 0, 0, text.length, "", 0, 0));
            content(text, text.length);
            pad(text.length);
        }
        out.write(header(
                cut(entry.name()),
                (char) entry.kind().flag,
                entry.mode(),
                Math.min(entry.uid(), MOST_OCTAL_ID),
                Math.min(entry.gid(), MOST_OCTAL_ID),
                time(entry),
                Math.min(entry.size(), MOST_OCTAL_SIZE),
                cut(entry.link()),
                entry.major(),
                entry.minor()));
    }

    void content(byte[] bytes, int length) throws IOException {
        out.write(bytes, 0, length);
    }

    void pad(long size) throws IOException {
        int over = (int) (size % TarHeader.BLOCK);
        out.write(ZEROES, 0, over == 0 ? 0 : TarHeader.BLOCK - over);
    }

    /** The end of the archive. */
    void end() throws IOException {
        out.write(ZEROES);
        out.flush();
    }

    /** What image formats hold: 32 bits from 1970. */
    private static long time(TarEntry entry) {
        return Math.max(0, Math.min(0xffffffffL, entry.modified()));
    }

    private static String cut(String text) {
        return text.length() <= MOST_NAME ? text : text.substring(0, MOST_NAME);
    }

    private static Map<String, String> records(TarEntry entry) {
        Map<String, String> records = new TreeMap<>();
        if (entry.name().length() > MOST_NAME) {
            records.put("path", entry.name());
        }
        if (entry.link().length() > MOST_NAME) {
            records.put("linkpath", entry.link());
        }
        if (entry.uid() > MOST_OCTAL_ID) {
            records.put("uid", Long.toString(entry.uid()));
        }
        if (entry.gid() > MOST_OCTAL_ID) {
            records.put("gid", Long.toString(entry.gid()));
        }
        if (entry.size() > MOST_OCTAL_SIZE) {
            records.put("size", Long.toString(entry.size()));
        }
        entry.attributes().forEach((name, value) -> records.put("SCHILY.xattr." + name, value));
        return records;
    }

    private static byte[] encode(Map<String, String> records) {
        ByteArrayOutputStream encoded = new ByteArrayOutputStream();
        records.forEach((key, value) -> {
            String rest = " " + key + "=" + value + "\n";
            int length = rest.length() + 1;
            while (Integer.toString(length).length() + rest.length() != length) {
                length = Integer.toString(length).length() + rest.length();
            }
            encoded.writeBytes((length + rest).getBytes(StandardCharsets.ISO_8859_1));
        });
        return encoded.toByteArray();
    }

    private static byte[] header(
            String name,
            char type,
            long mode,
            long uid,
            long gid,
            long modified,
            long size,
            String link,
            long major,
            long minor) {
        byte[] block = new byte[TarHeader.BLOCK];
        put(block, 0, name);
        octal(block, 100, 8, mode);
        octal(block, 108, 8, uid);
        octal(block, 116, 8, gid);
        octal(block, 124, 12, size);
        octal(block, 136, 12, modified);
        put(block, 148, "        ");
        block[156] = (byte) type;
        put(block, 157, link);
        put(block, 257, "ustar\00000");
        octal(block, 329, 8, major);
        octal(block, 337, 8, minor);
        long sum = 0;
        for (byte each : block) {
            sum += each & 0xff;
        }
        octal(block, 148, 7, sum);
        return block;
    }

    private static void put(byte[] block, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, block, offset, bytes.length);
    }

    /** Digits to the last but one byte, which stays zero. */
    private static void octal(byte[] block, int offset, int length, long value) {
        String digits = Long.toOctalString(value);
        put(block, offset, "0".repeat(length - 1 - digits.length()) + digits);
    }
}
