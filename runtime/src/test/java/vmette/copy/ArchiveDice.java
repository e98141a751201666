package vmette.copy;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Archives made up from a fuzzer's bytes: entries of every kind with names that try the ways out, or blocks as they come with checksums put right. */
final class ArchiveDice {
    private static final int BLOCK = 512;
    private static final String KINDS = "000012255346xxLKgV7S";
    private static final String[] WORDS = {
        "a", "d", "f", "out", "secret", ".", "..", "", "b", "outside", "link", "target", "n".repeat(90), "\u00fc"
    };
    private static final String[] KEYS = {"path", "linkpath", "size", "mtime", "uid", "gid", "atime", "GNU.sparse.major"
    };

    private final byte[] bytes;
    private final ByteArrayOutputStream archive = new ByteArrayOutputStream();
    private int at;

    private ArchiveDice(byte[] bytes) {
        this.bytes = bytes;
    }

    static byte[] archive(byte[] bytes) {
        return new ArchiveDice(bytes).make();
    }

    private byte[] make() {
        int how = roll();
        if (how % 4 == 0) {
            return mended(Arrays.copyOfRange(bytes, Math.min(1, bytes.length), bytes.length));
        }
        for (int i = 0; i < 40 && at < bytes.length; i++) {
            entry();
        }
        if (how < 200) {
            archive.writeBytes(new byte[2 * BLOCK]);
        }
        return archive.toByteArray();
    }

    private int roll() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    private static byte[] mended(byte[] blocks) {
        for (int header = 0; header + BLOCK <= blocks.length; header += BLOCK) {
            if (blocks[header + 257] == 'u') {
                sum(blocks, header);
            }
        }
        return blocks;
    }

    private static void sum(byte[] blocks, int header) {
        Arrays.fill(blocks, header + 148, header + 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += blocks[header + i] & 0xff;
        }
        put(blocks, header + 148, String.format("%06o\0", sum), 8);
    }

    private static void put(byte[] blocks, int offset, String text, int most) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(encoded, 0, blocks, offset, Math.min(most, encoded.length));
    }

    private String name() {
        int how = roll();
        StringBuilder name = new StringBuilder();
        for (int i = how % 4; i >= 0; i--) {
            int word = roll();
            name.append(WORDS[word % WORDS.length]).append(i > 0 || word > 220 ? "/" : "");
        }
        return name.toString();
    }

    private void entry() {
        char kind = KINDS.charAt(roll() % KINDS.length());
        int size = roll() % 8 == 7 ? roll() * 37 : 3;
        if (kind == 'x') {
            records();
            return;
        }
        String name = name();
        String link = kind == '1' || kind == '2' ? name() : "";
        byte[] content = new byte[0];
        if (kind == 'L' || kind == 'K') {
            content = (name + "\0").getBytes(StandardCharsets.UTF_8);
        } else if ("07gVS".indexOf(kind) >= 0) {
            content = new byte[size];
        }
        header(kind, name, link, content.length);
        content(content);
    }

    private void records() {
        int which = roll();
        String value = which % 8 < 2
                ? name()
                : ((which & 64) != 0 ? "-" : "")
                        + roll() * (which >= 128 ? 1L : 9_999_999_999_999L)
                        + ((which & 32) != 0 ? ".25" : "");
        byte[] rest = (" " + KEYS[which % 8] + "=" + value + "\n").getBytes(StandardCharsets.UTF_8);
        int length = rest.length + 2;
        length += length > 99 ? 1 : 0;
        byte[] record = Arrays.copyOf(
                Integer.toString(length + (roll() == 7 ? 1 : 0)).getBytes(StandardCharsets.US_ASCII), length);
        System.arraycopy(rest, 0, record, length - rest.length, rest.length);
        header('x', "x", "", record.length);
        content(record);
    }

    private void header(char kind, String name, String link, int size) {
        byte[] header = new byte[BLOCK];
        put(header, 0, name, 100);
        put(header, 100, String.format("%07o", roll() * 16), 8);
        put(header, 124, String.format("%011o", size), 12);
        put(header, 136, String.format("%011o", roll() * 1_000_000), 12);
        header[156] = (byte) kind;
        put(header, 157, link, 100);
        put(header, 257, "ustar\00000", 8);
        int odd = roll();
        if (odd % 32 == 1) {
            header[roll() * 2 + (odd & 1)] ^= (byte) roll();
        }
        sum(header, 0);
        archive.writeBytes(header);
    }

    private void content(byte[] content) {
        archive.writeBytes(content);
        archive.writeBytes(new byte[Math.floorMod(-content.length, BLOCK)]);
    }
}
