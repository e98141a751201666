package vmette.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import vmette.actors.VmReady;
import vmette.vmm.VmmCapabilities;

/**
 * On what something was measured, as the system itself tells it.
 *
 * @param entries in the order in which they are shown
 */
record MachineDescription(List<Entry> entries) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final Path MEMORY_INFO = Path.of("/proc/meminfo");
    private static final Path LOAD = Path.of("/proc/loadavg");
    private static final Path OS_RELEASE = Path.of("/etc/os-release");
    private static final double KIB_PER_GIB = 1 << 20;

    /** One thing known of the machine. */
    record Entry(String name, String value) {}

    MachineDescription {
        entries = List.copyOf(entries);
    }

    /**
     * Reads the host's side from {@code /proc}, the guest's from a VM.
     *
     * @param vm one that came up
     * @param loadBefore {@link #load} before the measurement
     */
    static MachineDescription read(VmReady vm, String loadBefore) throws IOException {
        return read(
                vm.capabilities(),
                "Linux " + vm.kernel() + ", " + (vm.memoryBytes() >> 20) + " MiB managed",
                loadBefore);
    }

    /** The same for a guest that is described in the caller's words. */
    static MachineDescription read(VmmCapabilities hypervisor, String guest, String loadBefore) throws IOException {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(
                "processor",
                value(CPU_INFO, "model name", ":") + ", " + Runtime.getRuntime().availableProcessors() + " seen"));
        double kib = Double.parseDouble(value(MEMORY_INFO, "MemTotal", ":").split(" ", 2)[0]);
        entries.add(new Entry("memory", String.format(Locale.ROOT, "%.1f GiB", kib / KIB_PER_GIB)));
        entries.add(new Entry(
                "system",
                value(OS_RELEASE, "PRETTY_NAME", "=").replace("\"", "") + ", Linux "
                        + System.getProperty("os.version")));
        entries.add(new Entry(
                "java", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version")));
        entries.add(new Entry("hypervisor", hypervisor.description() + ", " + hypervisor.accelerator()));
        entries.add(new Entry("guest", guest));
        entries.add(new Entry("load before", loadBefore));
        entries.add(new Entry("load after", load()));
        return new MachineDescription(entries);
    }

    /** The load averages over 1, 5 and 15 minutes, as proc(5) has them. */
    static String load() throws IOException {
        String[] fields = Files.readString(LOAD).trim().split(" ", -1);
        return String.join(" ", fields[0], fields[1], fields[2]);
    }

    private static String value(Path file, String key, String separator) throws IOException {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(line -> line.split(separator, 2))
                    .filter(pair -> pair.length == 2 && pair[0].strip().equals(key))
                    .map(pair -> pair[1].strip())
                    .findFirst()
                    .orElse("unknown");
        }
    }
}
