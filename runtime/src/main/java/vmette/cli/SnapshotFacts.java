package vmette.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import vmette.errors.RestoreFailedException;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuInstallation;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.Manifest;

/**
 * A snapshot as it is found.
 *
 * @param name of it
 * @param path its directory
 * @param bytes what it takes on disk
 * @param manifest what it says of itself, if that can be read
 * @param refusal why it cannot be restored, if what is on disk says so
 */
record SnapshotFacts(String name, Path path, long bytes, Optional<Manifest> manifest, Optional<String> refusal) {
    /** Empty: it is gone. */
    static Optional<SnapshotFacts> of(BundlePlace place) {
        Path path = place.directory();
        try {
            return Optional.of(of(place.name(), place.open()));
        } catch (RestoreFailedException e) {
            return Files.isDirectory(path)
                    ? Optional.of(new SnapshotFacts(
                            place.name(), path, place.allocated(), Optional.empty(), Optional.of(Bundle.why(e, path))))
                    : Optional.empty();
        }
    }

    static SnapshotFacts of(String name, Bundle bundle) {
        return new SnapshotFacts(
                name, bundle.directory(), bundle.allocated(), Optional.of(bundle.manifest()), Optional.empty());
    }

    /** Why it cannot be restored here, if it cannot, as far as that is known without starting anything. */
    Optional<String> obstacle(Optional<QemuInstallation> here) {
        return refusal.or(() -> manifest.flatMap(known -> here.flatMap(qemu -> mismatch(known.machine(), qemu))));
    }

    private static Optional<String> mismatch(MachineIdentity machine, QemuInstallation here) {
        List<String> differences = new ArrayList<>();
        here.version()
                .filter(version -> !version.equals(machine.vmmVersion()))
                .ifPresent(version -> differences.add("it was taken with " + machine.vmm() + " " + machine.vmmVersion()
                        + ", and here is " + version));
        here.accelerator()
                .map(Accelerator::word)
                .filter(word -> !word.equals(machine.accelerator()))
                .ifPresent(word -> differences.add(
                        "its guest ran by " + machine.accelerator() + ", and here they run by " + word));
        return Optional.of(differences.stream().collect(Collectors.joining("; ")))
                .filter(text -> !text.isEmpty());
    }
}
