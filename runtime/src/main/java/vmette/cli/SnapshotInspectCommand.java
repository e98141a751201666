package vmette.cli;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import vmette.config.RuntimeSettings;
import vmette.qemu.QemuInstallation;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.Manifest;
import vmette.vmm.GuestText;

/** {@code vmette snapshot inspect}. */
@Command(
        name = "inspect",
        description = {
            "Shows what a snapshot says of itself: when it was taken, what it can be restored with, and what it holds.",
        },
        exitCodeList = {"0:shown", "1:run-time error: there is none, or it cannot be restored", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} snapshot inspect golden",
            "  ${sys:vmette.command:-vmette} snapshot inspect ./snap --json",
        })
final class SnapshotInspectCommand extends ShowCommand {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

    @Parameters(paramLabel = "NAME", description = "A snapshot of vmette.snapshot.dir, or its path, as ./snap.")
    private String given;

    @Override
    String shown() {
        RuntimeSettings settings = common().settings();
        BundlePlace place = BundlePlace.of(given, settings.snapshot().dir());
        SnapshotFacts snapshot = SnapshotFacts.of(place.name(), place.open());
        Optional<QemuInstallation> qemu = Optional.of(QemuInstallation.look(settings.qemu()));
        return common().isJson()
                ? Json.pretty(SnapshotTable.json(snapshot, qemu))
                : text(snapshot, snapshot.obstacle(qemu), Instant.now());
    }

    /** Pure but for the time zone. */
    static String text(SnapshotFacts snapshot, Optional<String> obstacle, Instant now) {
        Manifest manifest = snapshot.manifest().orElseThrow();
        MachineIdentity machine = manifest.machine();
        StringBuilder text = new StringBuilder();
        row(text, "snapshot", snapshot.path().toString());
        row(text, "taken", TIME.format(manifest.takenAt()) + ", " + SnapshotTable.age(manifest, now) + " ago");
        row(text, "on disk", Meter.size(snapshot.bytes()));
        row(
                text,
                "machine",
                machine.type() + ", " + machine.vcpus() + (machine.vcpus() == 1 ? " vcpu, " : " vcpus, ")
                        + machine.memoryMib() + " MiB, CPU model " + machine.cpu());
        row(text, "run by", machine.vmm() + " " + machine.vmmVersion() + ", " + machine.accelerator());
        row(text, "kernel", "SHA-256 " + machine.kernel());
        row(text, "initramfs", "SHA-256 " + machine.initramfs());
        row(text, "memory", manifest.memory().filled() + " of " + machine.memoryMib() + " MiB in use");
        row(text, "state", Meter.size(manifest.state().bytes()));
        manifest.disks()
                .forEach(disk -> row(
                        text,
                        "disk",
                        disk.name() + ", " + disk.format() + ", "
                                + Meter.size(disk.sums().bytes())));
        machine.spec().forEach((name, value) -> row(text, name, value));
        obstacle.ifPresent(why -> row(text, "note", "cannot be restored here: " + why));
        return text.toString().stripTrailing();
    }

    private static void row(StringBuilder text, String name, String value) {
        text.append(String.format("%-11s %s%n", GuestText.printable(name), GuestText.printable(value)));
    }
}
