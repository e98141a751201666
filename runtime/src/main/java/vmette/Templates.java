package vmette;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import vmette.actors.Supervision;
import vmette.config.SnapshotSpec;
import vmette.config.SnapshotSpecs;
import vmette.config.VmSpec;
import vmette.machine.GoldenLook;
import vmette.machine.MachineFactory;
import vmette.machine.VmShelf;
import vmette.recovery.Origin;

/** What supervisors of VMs take snapshots for, and which VMs can share a golden one. */
final class Templates {
    private static final int DIGITS = 16;

    private Templates() {}

    /** The same of a VM whose supervisor is to take snapshots of it by itself. */
    static Supervision withSnapshots(
            Supervision supervision,
            VmSpec spec,
            Origin from,
            MachineFactory machines,
            Consumer<GoldenLook.Foreign> foreign) {
        SnapshotSpec asked = spec.snapshots();
        if (!asked.golden() && asked.checkpointInterval().isZero()) {
            return supervision;
        }
        VmShelf shelf = new VmShelf(
                machines,
                spec,
                asked.golden() ? Optional.of(golden(spec)) : Optional.empty(),
                asked.checkpointKeep(),
                foreign);
        if (from.snapshot().isPresent()) {
            // One that boots looks for it then.
            shelf.lookForGolden(found -> {});
        }
        return supervision.withShelf(shelf);
    }

    /** The name of the golden snapshot of VMs like this one, the same in every process: of those that boot the same and are warmed up the same. */
    static String golden(VmSpec spec) {
        SortedMap<String, String> template = new TreeMap<>(SnapshotSpecs.identity(spec));
        template.put("vcpus", Integer.toString(spec.vcpus()));
        template.put("memory", Long.toString(spec.memoryMib()));
        template.put("net", Boolean.toString(spec.net()));
        spec.kernel()
                .ifPresent(path -> template.put("kernel", path.toAbsolutePath().toString()));
        spec.initramfs()
                .ifPresent(
                        path -> template.put("initramfs", path.toAbsolutePath().toString()));
        spec.modules()
                .ifPresent(path -> template.put("modules", path.toAbsolutePath().toString()));
        spec.cmdline().ifPresent(line -> template.put("cmdline", line));
        spec.snapshots().warmUp().ifPresent(line -> template.put("warm-up", line));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(template.toString().getBytes(UTF_8));
            return "golden-" + HexFormat.of().formatHex(digest).substring(0, DIGITS);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
