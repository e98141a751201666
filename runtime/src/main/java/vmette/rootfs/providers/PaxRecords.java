package vmette.rootfs.providers;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** The records of a POSIX extended header, {@code LENGTH KEY=VALUE\n}; text as in {@link TarEntry}. */
final class PaxRecords {
    private static final String ATTRIBUTE = "SCHILY.xattr.";

    private final Map<String, String> values = new HashMap<>();

    /** A later record of the same key counts; an empty value takes back. */
    void add(byte[] records) throws TarFormatException {
        int at = 0;
        while (at < records.length) {
            at = addRecord(records, at);
        }
    }

    private int addRecord(byte[] records, int start) throws TarFormatException {
        int at = start;
        int length = 0;
        while (at < records.length && records[at] >= '0' && records[at] <= '9' && at - start < 8) {
            length = length * 10 + records[at++] - '0';
        }
        int end = start + length;
        if (at == start || at >= end || end > records.length || records[at] != ' ' || records[end - 1] != '\n') {
            throw new TarFormatException("an extended header is damaged");
        }
        String record = new String(records, at + 1, Math.max(0, end - at - 2), StandardCharsets.ISO_8859_1);
        int equals = record.indexOf('=');
        if (equals < 1) {
            throw new TarFormatException("an extended header has a record without a key");
        }
        String key = record.substring(0, equals);
        if (key.startsWith("GNU.sparse.")) {
            throw TarReader.sparse();
        }
        values.put(key, record.substring(equals + 1));
        return end;
    }

    String text(String key, String otherwise) {
        String value = values.getOrDefault(key, "");
        return value.isEmpty() ? otherwise : value;
    }

    /** A whole number; a fraction is cut off, towards the past. */
    long number(String key, long otherwise) throws TarFormatException {
        String value = text(key, "");
        if (value.isEmpty()) {
            return otherwise;
        }
        int point = value.indexOf('.');
        String whole = point < 0 ? value : value.substring(0, point);
        if (!whole.matches("-?[0-9]{1,18}")) {
            throw new TarFormatException("'" + TarEntry.shown(key + "=" + value) + "' is no number");
        }
        long number = Long.parseLong(whole);
        return point >= 0 && whole.startsWith("-") ? number - 1 : number;
    }

    /** Extended attributes that a guest's file systems can have; those that overlayfs takes for its own notes are left out. */
    Map<String, String> attributes() throws TarFormatException {
        Map<String, String> attributes = new HashMap<>();
        for (Map.Entry<String, String> each : values.entrySet()) {
            if (each.getKey().startsWith(ATTRIBUTE)) {
                String name = each.getKey().substring(ATTRIBUTE.length());
                if (isKept(name) && !each.getValue().isEmpty()) {
                    attributes.put(checked(name, each.getValue()), each.getValue());
                }
            }
        }
        return attributes;
    }

    private static boolean isKept(String name) {
        boolean known = name.startsWith("user.") || name.startsWith("security.") || name.startsWith("trusted.");
        return known && !name.startsWith("trusted.overlay.") && !name.startsWith("user.overlay.");
    }

    /** Linux' own limits, {@code include/uapi/linux/limits.h}. */
    private static String checked(String name, String value) throws TarFormatException {
        if (name.length() > 255 || value.length() > 65536 || name.indexOf('\0') >= 0 || name.endsWith(".")) {
            throw new TarFormatException(
                    "the extended attribute '" + TarEntry.shown(name) + "' cannot be one of Linux");
        }
        return name;
    }
}
