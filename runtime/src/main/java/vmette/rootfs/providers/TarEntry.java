package vmette.rootfs.providers;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The headers of one entry. Text is bytes, one in each char (ISO 8859-1): names on Linux are no text, and values of attributes even less.
 *
 * @param name as it stands in the archive
 * @param mode permissions with setuid, setgid and sticky bits
 * @param modified seconds since 1970
 * @param size bytes of content; 0 of all but files
 * @param link where a link leads; empty for others
 * @param major of a device
 * @param minor of a device
 * @param attributes extended attributes
 */
record TarEntry(
        String name,
        EntryKind kind,
        int mode,
        long uid,
        long gid,
        long modified,
        long size,
        String link,
        int major,
        int minor,
        Map<String, String> attributes) {

    TarEntry {
        attributes = Map.copyOf(attributes);
    }

    /** A directory that no archive has described. */
    static TarEntry impliedDirectory(String name) {
        return new TarEntry(name, EntryKind.DIRECTORY, 0755, 0, 0, 0, 0, "", 0, 0, Map.of());
    }

    TarEntry named(String other) {
        return new TarEntry(other, kind, mode, uid, gid, modified, size, link, major, minor, attributes);
    }

    /** The same file by another name. */
    TarEntry linked(String other, String target) {
        return new TarEntry(other, EntryKind.HARD_LINK, mode, uid, gid, modified, 0, target, major, minor, Map.of());
    }

    /** For people: what is no printable text is shown as a question mark, what is too long is cut. */
    static String shown(String bytes) {
        String text = new String(bytes.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        String printable = text.replaceAll("[\\p{Cntrl}\\p{Cf}\\x{2028}\\x{2029}\\x{fffd}]", "?");
        return printable.length() <= 120 ? printable : printable.substring(0, 100) + "...";
    }
}
