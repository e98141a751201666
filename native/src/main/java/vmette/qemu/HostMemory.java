package vmette.qemu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import vmette.errors.InvalidConfigException;

/** Refuses a machine with more memory than the host has. */
final class HostMemory {
    private static final Path MEM_INFO = Path.of("/proc/meminfo");

    private HostMemory() {}

    static void check(String vm, long memoryMib) {
        check(vm, memoryMib, MEM_INFO);
    }

    static void check(String vm, long memoryMib, Path memInfo) {
        OptionalLong total = totalMib(memInfo);
        if (total.isPresent() && memoryMib > total.getAsLong()) {
            throw new InvalidConfigException("VM " + vm + ": memory = " + memoryMib
                    + " MiB is more than this host has: use at most " + total.getAsLong() + " MiB");
        }
    }

    /** MemTotal of proc(5), which counts in KiB. */
    static OptionalLong totalMib(Path memInfo) {
        try {
            for (String line : Files.readAllLines(memInfo, StandardCharsets.US_ASCII)) {
                if (line.startsWith("MemTotal:")) {
                    return OptionalLong.of(Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024);
                }
            }
            return OptionalLong.empty();
        } catch (IOException | NumberFormatException unknown) {
            return OptionalLong.empty();
        }
    }
}
