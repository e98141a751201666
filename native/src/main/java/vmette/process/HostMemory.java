package vmette.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import vmette.errors.InvalidConfigException;

/** How much memory there is: the host's, or what the memory cgroup of this process allows if that is less. */
public final class HostMemory {
    private static final Path MEM_INFO = Path.of("/proc/meminfo");
    private static final Path CGROUP = Path.of("/proc/self/cgroup");
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");

    private HostMemory() {}

    /**
     * Refuses a machine with more memory than the host has.
     *
     * @throws InvalidConfigException if it has
     */
    public static void check(String vm, long memoryMib) {
        check(vm, memoryMib, MEM_INFO);
    }

    static void check(String vm, long memoryMib, Path memInfo) {
        OptionalLong total = totalMib(memInfo);
        if (total.isPresent() && memoryMib > total.getAsLong()) {
            throw new InvalidConfigException("VM " + vm + ": memory = " + memoryMib
                    + " MiB is more than this host has: use at most " + total.getAsLong() + " MiB");
        }
    }

    /** In MiB; {@code Long.MAX_VALUE} where it cannot be told. */
    public static long usableMib() {
        return Math.min(totalMib(MEM_INFO).orElse(Long.MAX_VALUE), cgroupMib(CGROUP, CGROUPS));
    }

    /** MemTotal of proc(5), which counts in KiB. */
    static OptionalLong totalMib(Path memInfo) {
        for (String line : lines(memInfo)) {
            if (line.startsWith("MemTotal:")) {
                OptionalLong kib = number(line.replaceAll("[^0-9]", ""));
                return kib.isPresent() ? OptionalLong.of(kib.getAsLong() / 1024) : kib;
            }
        }
        return OptionalLong.empty();
    }

    /**
     * The least limit of the memory cgroups that a process is in, cgroups(7): of version 2 its own and those above it, of version 1 its own.
     *
     * @param cgroup the process's file of that name
     * @param mounted where they are mounted; in a container that has its own view of them the paths of the file may not be there
     */
    static long cgroupMib(Path cgroup, Path mounted) {
        long least = Long.MAX_VALUE;
        for (String line : lines(cgroup)) {
            String[] parts = line.split(":", 3);
            if (parts.length < 3 || !parts[2].startsWith("/")) {
                continue;
            }
            List<Path> limits = new ArrayList<>();
            if (parts[0].equals("0")) {
                Path at = mounted.resolve(parts[2].substring(1)).normalize();
                for (; at != null && at.startsWith(mounted); at = at.getParent()) {
                    limits.add(at.resolve("memory.max"));
                }
            } else if (List.of(parts[1].split(",")).contains("memory")) {
                Path controller = mounted.resolve("memory");
                limits.add(controller.resolve(parts[2].substring(1)).resolve("memory.limit_in_bytes"));
                limits.add(controller.resolve("memory.limit_in_bytes"));
            }
            for (Path limit : limits) {
                for (String bytes : lines(limit)) {
                    least = Math.min(least, number(bytes.strip()).orElse(Long.MAX_VALUE) >> 20);
                }
            }
        }
        // Version 1 says "no limit" by a number next to the largest.
        return least >= Long.MAX_VALUE >> 21 ? Long.MAX_VALUE : least;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.US_ASCII);
        } catch (IOException unknown) {
            return List.of();
        }
    }

    private static OptionalLong number(String text) {
        try {
            return OptionalLong.of(Long.parseLong(text));
        } catch (NumberFormatException none) {
            return OptionalLong.empty();
        }
    }
}
