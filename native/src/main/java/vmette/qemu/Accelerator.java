package vmette.qemu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import vmette.config.AcceleratorChoice;
import vmette.errors.InvalidConfigException;

/** What runs the guest's instructions. */
public enum Accelerator {
    /** Hardware virtualisation: a security boundary. */
    KVM("host"),
    /**
     * Translation inside the QEMU process: no security boundary. It carries out {@code rep movsb} byte by byte, and a guest that is told
     * that this is the fast way copies and clears all its memory so.
     */
    TCG("max,erms=off,fsrm=off");

    private static final Path KVM_NODE = Path.of("/dev/kvm");
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private final String cpuModel;

    Accelerator(String cpuModel) {
        this.cpuModel = cpuModel;
    }

    /** QEMU's name for it: {@code kvm} or {@code tcg}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The {@code -cpu} model that gives the guest all this accelerator does well. */
    String cpuModel() {
        return cpuModel;
    }

    /** What the guest sees of a processor: of KVM it depends on the host's. */
    public String processor() {
        return processor(CPU_INFO);
    }

    String processor(Path cpuInfo) {
        if (this == TCG) {
            return cpuModel;
        }
        try (Stream<String> lines = Files.lines(cpuInfo, StandardCharsets.UTF_8)) {
            return cpuModel + ": "
                    + lines.filter(line -> line.startsWith("model name"))
                            .map(line -> line.substring(line.indexOf(':') + 1).strip())
                            .findFirst()
                            .orElse("of no name");
        } catch (IOException | UncheckedIOException e) {
            return cpuModel + ": not to be told";
        }
    }

    /**
     * Chooses. {@code AUTO} takes KVM if the processor shows {@code vmx} or {@code svm} <em>and</em> {@code /dev/kvm} opens for
     * reading and writing: some nested hosts have a node that opens and then emulates kernel code a thousand times
     * too slowly to boot anything.
     *
     * @throws InvalidConfigException if {@code KVM} is demanded and {@code /dev/kvm} does not open
     */
    public static Accelerator choose(AcceleratorChoice choice) {
        return choose(choice, CPU_INFO, KVM_NODE);
    }

    static Accelerator choose(AcceleratorChoice choice, Path cpuInfo, Path kvmNode) {
        return switch (choice) {
            case TCG -> TCG;
            case AUTO -> hasVirtualisation(cpuInfo) && opens(kvmNode) ? KVM : TCG;
            case KVM -> demandKvm(kvmNode);
        };
    }

    /** Whether the processor shows what KVM needs; where it does not, a forced KVM may boot nothing. */
    public static boolean isLikelyToWork() {
        return hasVirtualisation(CPU_INFO);
    }

    private static Accelerator demandKvm(Path node) {
        try {
            open(node);
            return KVM;
        } catch (IOException e) {
            throw new InvalidConfigException(
                    "vmette.qemu.accelerator = \"kvm\", but " + node + " cannot be opened for reading and writing (" + e
                            + "); load the kvm module and join the group that owns the node, or set it to \"tcg\"",
                    e);
        }
    }

    private static boolean opens(Path node) {
        try {
            open(node);
            return true;
        } catch (IOException absentOrForbidden) {
            return false;
        }
    }

    private static void open(Path node) throws IOException {
        FileChannel.open(node, StandardOpenOption.READ, StandardOpenOption.WRITE)
                .close();
    }

    private static boolean hasVirtualisation(Path cpuInfo) {
        try {
            return Files.readAllLines(cpuInfo, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.startsWith("flags"))
                    .flatMap(line -> List.of(line.split("\\s+", -1)).stream())
                    .anyMatch(flag -> flag.equals("vmx") || flag.equals("svm"));
        } catch (IOException unknown) {
            return false;
        }
    }
}
