package vmette;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;

/** Makes bundles that are whole, and say that they were taken elsewhere. */
public final class ForeignBundles {
    private static final String NEW = "foreign-for-a-moment";

    private ForeignBundles() {}

    /** Puts one in the place of a bundle, with all that is in that. */
    public static void replace(Path bundle, UnaryOperator<MachineIdentity> machine) throws IOException {
        BundleStore store = BundleStore.open(bundle.getParent());
        String name = bundle.getFileName().toString();
        Bundle was = store.open(name);
        assert was.manifest().disks().isEmpty() : "disks are not copied";
        try (BundleWriter writer = store.begin(NEW, 1);
                InputStream state = Files.newInputStream(was.state())) {
            writer.state(state);
            writer.memory(was.memory());
            writer.commit(machine.apply(was.manifest().machine()));
        }
        store.remove(name);
        Files.move(bundle.resolveSibling(NEW), bundle);
        store.open(name).verify();
    }

    /** Another version of QEMU. */
    public static MachineIdentity ofOtherQemu(MachineIdentity machine) {
        return with(machine, "0.0.1", machine.cpu(), machine.kernel(), machine.spec());
    }

    /** Another kernel. */
    public static MachineIdentity ofOtherKernel(MachineIdentity machine) {
        return with(
                machine,
                machine.vmmVersion(),
                machine.cpu(),
                "0".repeat(machine.kernel().length()),
                machine.spec());
    }

    /** Another processor. */
    public static MachineIdentity ofOtherCpu(MachineIdentity machine) {
        return with(machine, machine.vmmVersion(), "pentium3", machine.kernel(), machine.spec());
    }

    /** Another specification. */
    public static MachineIdentity ofOtherSpec(MachineIdentity machine) {
        SortedMap<String, String> spec = new TreeMap<>(machine.spec());
        spec.put("cmdline", "quiet");
        return with(machine, machine.vmmVersion(), machine.cpu(), machine.kernel(), spec);
    }

    private static MachineIdentity with(
            MachineIdentity machine, String version, String cpu, String kernel, SortedMap<String, String> spec) {
        return new MachineIdentity(
                machine.vmm(),
                version,
                machine.type(),
                machine.accelerator(),
                cpu,
                machine.vcpus(),
                machine.memoryMib(),
                kernel,
                machine.initramfs(),
                spec);
    }
}
