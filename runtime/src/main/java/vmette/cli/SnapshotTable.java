package vmette.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vmette.qemu.QemuInstallation;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.Manifest;
import vmette.vmm.GuestText;

/** Snapshots for people and for programs. Pure. */
final class SnapshotTable {
    private static final List<String> HEAD = List.of("NAME", "AGE", "MEMORY", "ON DISK", "VMM", "KERNEL", "NOTE");
    private static final int MOST_SHOWN = 240;
    /** Of a digest, so that two can be told from each other. */
    static final int SHORT_DIGEST = 12;

    private final List<SnapshotFacts> snapshots;
    private final Optional<QemuInstallation> qemu;
    private final Instant now;

    /** @param qemu what would restore them, if somebody has looked */
    SnapshotTable(List<SnapshotFacts> snapshots, Optional<QemuInstallation> qemu, Instant now) {
        this.snapshots = snapshots;
        this.qemu = qemu;
        this.now = now;
    }

    List<String> lines() {
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        snapshots.forEach(each -> rows.add(row(each)));
        return Columns.aligned(rows);
    }

    private List<String> row(SnapshotFacts snapshot) {
        Optional<MachineIdentity> machine = snapshot.manifest().map(Manifest::machine);
        return List.of(
                GuestText.printable(snapshot.name()),
                snapshot.manifest().map(known -> age(known, now)).orElse("?"),
                machine.map(known -> known.memoryMib() + " MiB").orElse("?"),
                Meter.size(snapshot.bytes()),
                machine.map(known -> known.vmm() + " " + known.vmmVersion()).orElse("?"),
                machine.map(known -> known.kernel().substring(0, SHORT_DIGEST)).orElse("?"),
                snapshot.obstacle(qemu)
                        .map(why -> shown("cannot be restored: " + why))
                        .orElse(""));
    }

    private static String shown(String text) {
        String line = GuestText.printable(text);
        return line.length() > MOST_SHOWN ? line.substring(0, MOST_SHOWN) + "..." : line;
    }

    /** Since it was taken. */
    static String age(Manifest manifest, Instant now) {
        return Spans.text(Duration.between(manifest.takenAt(), now));
    }

    List<Map<String, Object>> json() {
        return snapshots.stream().map(each -> json(each, qemu)).toList();
    }

    /** One of them. */
    static Map<String, Object> json(SnapshotFacts snapshot, Optional<QemuInstallation> qemu) {
        Map<String, Object> object = Json.object(
                "name", snapshot.name(),
                "path", snapshot.path(),
                "bytesOnDisk", snapshot.bytes(),
                "problem", snapshot.obstacle(qemu),
                "takenAt", snapshot.manifest().map(Manifest::takenAt));
        snapshot.manifest().ifPresent(manifest -> {
            MachineIdentity machine = manifest.machine();
            object.putAll(Json.object(
                    "vmm", machine.vmm(),
                    "vmmVersion", machine.vmmVersion(),
                    "machine", machine.type(),
                    "accelerator", machine.accelerator(),
                    "cpu", machine.cpu(),
                    "vcpus", machine.vcpus(),
                    "memoryMib", machine.memoryMib(),
                    "kernel", machine.kernel(),
                    "initramfs", machine.initramfs(),
                    "spec", machine.spec(),
                    "stateBytes", manifest.state().bytes(),
                    "memoryFilledMib", manifest.memory().filled(),
                    "disks",
                            manifest.disks().stream()
                                    .map(disk -> Json.object(
                                            "name", disk.name(),
                                            "format", disk.format(),
                                            "bytes", disk.sums().bytes()))
                                    .toList()));
        });
        return object;
    }
}
