package vmette.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a process has mapped, {@code /proc/PID/maps} in proc(5), at one moment; all 64-bit values are unsigned.
 *
 * @param mappings by ascending address
 */
public record ProcessMappings(List<Mapping> mappings) {
    /**
     * One line.
     *
     * @param start its first byte
     * @param end the byte after its last
     * @param writable it may be read and written
     * @param shared it is mapped MAP_SHARED; if not, what is written stays the process's own
     */
    public record Mapping(long start, long end, boolean writable, boolean shared) {
        private boolean holds(long address) {
            return Long.compareUnsigned(address, start) >= 0 && Long.compareUnsigned(address, end) < 0;
        }
    }

    /** Copies the list. */
    public ProcessMappings {
        mappings = List.copyOf(mappings);
    }

    /**
     * Reads them, about 100 lines of a QEMU.
     *
     * @throws IOException if there is no such process, or we may not look
     */
    public static ProcessMappings of(long pid) throws IOException {
        List<Mapping> found = new ArrayList<>();
        // a name may hold any byte
        try (BufferedReader lines =
                Files.newBufferedReader(Path.of("/proc", Long.toString(pid), "maps"), StandardCharsets.ISO_8859_1)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                parse(line).ifPresent(found::add);
            }
        }
        return new ProcessMappings(found);
    }

    /** {@code 7f0c40000000-7f0c50000000 rw-p 00000000 00:1c 1234    /dev/shm/memory}; empty if it is nothing like that. */
    static Optional<Mapping> parse(String line) {
        int dash = line.indexOf('-');
        int space = line.indexOf(' ');
        if (dash < 1 || space < dash || line.length() < space + 5) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Mapping(
                    Long.parseUnsignedLong(line, 0, dash, 16),
                    Long.parseUnsignedLong(line, dash + 1, space, 16),
                    line.startsWith("rw", space + 1),
                    line.charAt(space + 4) == 's'));
        } catch (NumberFormatException notMaps) {
            return Optional.empty();
        }
    }

    /**
     * The mappings that together hold {@code size} bytes from an address on without a gap.
     *
     * @param size at least 1; does not wrap
     * @return in their order; empty if some byte is not mapped
     */
    public List<Mapping> covering(long address, long size) {
        List<Mapping> covering = new ArrayList<>();
        long next = address;
        long last = address + (size - 1);
        for (Mapping mapping : mappings) {
            if (mapping.holds(next)) {
                covering.add(mapping);
                if (mapping.holds(last)) {
                    return covering;
                }
                next = mapping.end();
            }
        }
        return List.of();
    }
}
