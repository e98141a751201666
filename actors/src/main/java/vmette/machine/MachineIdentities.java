package vmette.machine;

import java.io.IOException;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import vmette.config.SnapshotSpecs;
import vmette.config.VmSpec;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.qemu.Accelerator;
import vmette.qemu.NetworkCard;
import vmette.qemu.QemuHypervisor;
import vmette.rootfs.RootfsArtifact;
import vmette.snapshot.MachineIdentity;

/** What machines are, as snapshots remember it. */
final class MachineIdentities {
    private MachineIdentities() {}

    /**
     * Blocks: reads kernel and initramfs, and asks QEMU for its version, the first time in a process.
     *
     * @param given what the machine was asked to be
     * @param files what they were when the machine was made
     * @param card what is behind its network card
     * @param root that it has, if any
     */
    static MachineIdentity of(
            VmSpec given,
            QemuHypervisor hypervisor,
            MachineFiles files,
            String commandLine,
            Class<? extends NetworkCard> card,
            Optional<RootfsArtifact> root) {
        Accelerator accelerator = hypervisor.accelerator();
        SortedMap<String, String> spec = new TreeMap<>(SnapshotSpecs.identity(given));
        spec.put("cmdline", commandLine);
        spec.put("net", card.getSimpleName());
        int number = 0;
        for (String disk : StorageParts.described(given, root)) {
            spec.put("disk " + ++number, disk);
        }
        try {
            return new MachineIdentity(
                    "qemu",
                    files.version(hypervisor),
                    "pc",
                    accelerator.word(),
                    accelerator.processor(),
                    given.vcpus(),
                    given.memoryMib(),
                    files.kernel().sha256(),
                    files.initramfs().sha256(),
                    spec);
        } catch (IOException e) {
            throw new VmetteIoException("what it was started from cannot be told: " + Reasons.of(e), e);
        }
    }
}
