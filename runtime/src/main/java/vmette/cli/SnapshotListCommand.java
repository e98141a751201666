package vmette.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import vmette.config.RuntimeSettings;
import vmette.qemu.QemuInstallation;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleStore;

/** {@code vmette snapshot ls}. */
@Command(
        name = "ls",
        description = {
            "Lists the snapshots in vmette.snapshot.dir: name, age, memory of the VM, size on disk, what ran it, and what keeps it"
                    + " from being restored, if anything does.",
            "Only what each says of itself is read; verify reads all of it.",
        },
        exitCodeList = {"0:listed", "1:run-time error", "2:usage error"},
        footer = {
            "  ${sys:vmette.command:-vmette} snapshot ls",
            "  ${sys:vmette.command:-vmette} snapshot ls --json",
            "",
            "Holes in memory and disks take no room, so a snapshot is mostly smaller than its VM. KERNEL",
            "is the beginning of the SHA-256 of the kernel that was booted.",
        })
final class SnapshotListCommand extends ShowCommand {
    @Override
    String shown() {
        RuntimeSettings settings = common().settings();
        Path directory = settings.snapshot().dir().toAbsolutePath().normalize();
        // Whoever looks makes nothing.
        List<SnapshotFacts> found = Files.isDirectory(directory) ? found(directory) : List.of();
        // It takes a process to ask.
        Optional<QemuInstallation> qemu =
                found.isEmpty() ? Optional.empty() : Optional.of(QemuInstallation.look(settings.qemu()));
        SnapshotTable table = new SnapshotTable(found, qemu, Instant.now());
        return common().isJson()
                ? Json.pretty(Json.object("directory", directory, "snapshots", table.json()))
                : String.join(System.lineSeparator(), table.lines());
    }

    private static List<SnapshotFacts> found(Path directory) {
        BundleStore store = BundleStore.open(directory);
        return store.names().stream()
                .map(name -> SnapshotFacts.of(new BundlePlace(store, name)))
                .flatMap(Optional::stream)
                .toList();
    }
}
