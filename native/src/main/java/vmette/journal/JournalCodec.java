package vmette.journal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Records as lines: {@code CHECKSUM MILLISECONDS KIND FIELD...}, separated by single spaces. The checksum is the CRC32C of what follows
 * it, in eight hexadecimal digits. In a field, bytes of UTF-8 that are no visible ASCII, and the percent sign, are {@code %XX}; an empty
 * field is {@code %}. A record has one line only: whatever differs from it in a byte is damaged.
 */
final class JournalCodec {
    private static final int CHECKSUM_CHARS = 8;
    private static final HexFormat HEX = HexFormat.of().withUpperCase();
    private static final byte[] EVENT = (" " + JournalRecord.VmEvent.WORD + " ").getBytes(StandardCharsets.US_ASCII);

    private JournalCodec() {}

    /**
     * What could be read of a journal.
     *
     * @param damaged lines that could not, an unfinished last one included
     */
    record Decoded(List<JournalEntry> entries, int damaged) {}

    /** The line, its end included. */
    static byte[] encode(JournalEntry entry) {
        StringBuilder line = new StringBuilder(200);
        line.append(entry.at().toEpochMilli());
        entry.record().words().forEach(word -> escape(word, line.append(' ')));
        byte[] checked = line.append('\n').toString().getBytes(StandardCharsets.US_ASCII);
        CRC32C crc = new CRC32C();
        crc.update(checked, 0, checked.length - 1);
        byte[] checksum = String.format("%08x ", crc.getValue()).getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(checksum.length + checked.length)
                .put(checksum)
                .put(checked)
                .array();
    }

    /** Reads what is whole, in order. Never throws. */
    static Decoded decode(byte[] bytes) {
        List<JournalEntry> entries = new ArrayList<>();
        int damaged = 0;
        for (int from = 0; from < bytes.length; ) {
            int to = from;
            while (to < bytes.length && bytes[to] != '\n') {
                to++;
            }
            Optional<JournalEntry> entry =
                    to < bytes.length ? line(Arrays.copyOfRange(bytes, from, to + 1)) : Optional.empty();
            entry.ifPresent(entries::add);
            damaged += entry.isPresent() ? 0 : 1;
            from = to + 1;
        }
        return new Decoded(List.copyOf(entries), damaged);
    }

    /**
     * The last lines that tell of what happened to VMs, as they are.
     *
     * @param most bytes of them
     */
    static byte[] lastEvents(byte[] bytes, int most) {
        List<int[]> lines = new ArrayList<>();
        int size = 0;
        for (int to = bytes.length; to > 0; ) {
            int from = to - 1;
            while (from > 0 && bytes[from - 1] != '\n') {
                from--;
            }
            if (bytes[to - 1] == '\n' && isEvent(bytes, from, to)) {
                size += to - from;
                if (size > most) {
                    break;
                }
                lines.add(new int[] {from, to});
            }
            to = from;
        }
        ByteArrayOutputStream last = new ByteArrayOutputStream(size);
        for (int i = lines.size() - 1; i >= 0; i--) {
            last.write(bytes, lines.get(i)[0], lines.get(i)[1] - lines.get(i)[0]);
        }
        return last.toByteArray();
    }

    /** Whether its third word is an event's. */
    private static boolean isEvent(byte[] bytes, int from, int to) {
        int at = from + CHECKSUM_CHARS + 1;
        while (at < to && bytes[at] != ' ') {
            at++;
        }
        return at + EVENT.length <= to && Arrays.equals(bytes, at, at + EVENT.length, EVENT, 0, EVENT.length);
    }

    private static Optional<JournalEntry> line(byte[] line) {
        String text = new String(line, 0, line.length - 1, StandardCharsets.ISO_8859_1);
        String[] words = text.split(" ", -1);
        if (words.length < 3 || words[0].length() != CHECKSUM_CHARS) {
            return Optional.empty();
        }
        try {
            List<String> record =
                    Stream.of(words).skip(2).map(JournalCodec::unescape).toList();
            JournalEntry entry =
                    new JournalEntry(Instant.ofEpochMilli(Long.parseLong(words[1])), JournalRecord.of(record));
            // This checks the checksum as well.
            return Arrays.equals(encode(entry), line) ? Optional.of(entry) : Optional.empty();
        } catch (IllegalArgumentException damaged) {
            return Optional.empty();
        }
    }

    private static void escape(String word, StringBuilder into) {
        if (word.isEmpty()) {
            into.append('%');
        }
        for (byte each : word.getBytes(StandardCharsets.UTF_8)) {
            if (each > ' ' && each < 0x7f && each != '%') {
                into.append((char) each);
            } else {
                into.append('%').append(HEX.toHexDigits(each));
            }
        }
    }

    private static String unescape(String word) {
        if (word.equals("%")) {
            return "";
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(word.length());
        for (int i = 0; i < word.length(); i++) {
            char each = word.charAt(i);
            if (each != '%') {
                bytes.write(each);
            } else if (i + 2 < word.length()) {
                bytes.write(Integer.parseInt(word.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                throw new IllegalArgumentException("cut: " + word);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
