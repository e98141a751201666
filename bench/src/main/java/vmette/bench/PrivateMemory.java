package vmette.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import vmette.errors.VmetteIoException;

/**
 * What one process alone has of memory, clean and dirty, by proc(5)'s {@code smaps}.
 *
 * @param bytes of each kind of mapping
 */
record PrivateMemory(Map<Kind, Long> bytes) {
    private static final long KIB = 1024;

    /** Kinds of mappings of a QEMU. */
    enum Kind {
        GUEST("the guest's memory"),
        CODE("translated code"),
        HEAP("the heap"),
        STACKS("stacks and allocators of threads, tables"),
        FILES("programs and libraries");

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    /** @param guest the file that the guest's memory is mapped from */
    static PrivateMemory of(long pid, Path guest) {
        try {
            return parse(
                    Files.readAllLines(Path.of("/proc", Long.toString(pid), "smaps"), StandardCharsets.ISO_8859_1),
                    guest.toString());
        } catch (IOException e) {
            throw new VmetteIoException("cannot read the mappings of process " + pid + ": " + e.getMessage(), e);
        }
    }

    static PrivateMemory parse(List<String> smaps, String guest) {
        Map<Kind, Long> bytes = new EnumMap<>(Kind.class);
        Kind kind = Kind.FILES;
        for (String line : smaps) {
            String[] words = line.split("\\s+", 6);
            if (words[0].endsWith(":")) {
                if (words[0].equals("Private_Clean:") || words[0].equals("Private_Dirty:")) {
                    bytes.merge(kind, Long.parseLong(words[1]) * KIB, Long::sum);
                }
            } else {
                kind = kind(words[1], words.length == 6 ? words[5] : "", guest);
            }
        }
        return new PrivateMemory(bytes);
    }

    private static Kind kind(String permissions, String name, String guest) {
        if (name.equals(guest)) {
            return Kind.GUEST;
        }
        if (name.equals("[heap]")) {
            return Kind.HEAP;
        }
        if (!name.isEmpty()) {
            return name.startsWith("[stack") ? Kind.STACKS : Kind.FILES;
        }
        return permissions.startsWith("rwx") ? Kind.CODE : Kind.STACKS;
    }

    long of(Kind kind) {
        return bytes.getOrDefault(kind, 0L);
    }

    long total() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }
}
