package vmette.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuInstallation;
import vmette.rootfs.RootfsProvider;

/**
 * What makes root file systems and what runs guests, for people and for programs.
 *
 * @param rootfs in the order in which they are asked
 * @param qemu what is found
 * @param kvm whether KVM can be used
 */
record ProviderList(List<RootfsProvider> rootfs, QemuInstallation qemu, boolean kvm) {
    private static final String NO_KVM = "not here: it wants a processor that shows vmx or svm, and /dev/kvm";
    private static final String TCG = "software emulation: slower, and no security boundary";

    String text() {
        List<String> lines = new ArrayList<>();
        lines.add("Root file systems, the first that takes --rootfs SPEC makes it:");
        rootfs.forEach(provider -> lines.add(row(provider.name(), provider.description())));
        if (rootfs.isEmpty()) {
            lines.add("  none");
        }
        lines.add("");
        lines.add("Virtual machines:");
        lines.add(row("qemu", qemuLine()));
        lines.add(row("kvm", (kvm ? "hardware virtualisation" : NO_KVM) + used(Accelerator.KVM)));
        lines.add(row("tcg", TCG + used(Accelerator.TCG)));
        return String.join(System.lineSeparator(), lines);
    }

    Map<String, Object> json() {
        List<Object> roots = new ArrayList<>();
        rootfs.forEach(
                provider -> roots.add(Json.object("name", provider.name(), "description", provider.description())));
        return Json.object("rootfs", roots, "vmm", List.of(vmm()));
    }

    /** QEMU and its accelerators. */
    Map<String, Object> vmm() {
        return Json.object(
                "name", "qemu",
                "binary", qemu.binary(),
                "version", qemu.version(),
                "accelerators", kvm ? List.of("kvm", "tcg") : List.of("tcg"),
                "used", qemu.accelerator().map(Accelerator::word),
                "problem", qemu.problem());
    }

    /** In one line. */
    String qemuLine() {
        String found = qemu.binary()
                .map(binary -> binary
                        + qemu.version()
                                .map(version -> ", version " + version)
                                .orElse(", which does not say its version"))
                .orElse("");
        return qemu.problem()
                .map(problem -> found.isEmpty() ? problem : found + "; " + problem)
                .orElse(found);
    }

    private String used(Accelerator accelerator) {
        return qemu.accelerator().filter(accelerator::equals).isPresent() ? " (used)" : "";
    }

    private static String row(String name, String value) {
        return String.format("  %-10s%s", name, value);
    }
}
