package vmette.config;

import java.nio.file.Path;
import java.util.Objects;

/**
 * {@code vmette.snapshot}: where snapshots are, and how VMs come back from them.
 *
 * @param dir holds those that are called by a name; private to the user
 * @param restore how a restored VM comes by its memory
 */
public record SnapshotSettings(Path dir, RestoreMode restore) {
    private static final String OF_CACHE = "snapshots";

    /** Checks what is given. */
    public SnapshotSettings {
        Objects.requireNonNull(dir, "dir");
        Objects.requireNonNull(restore, "restore");
    }

    /** As in {@code reference.conf}. */
    public static SnapshotSettings in(Path cacheDir) {
        return new SnapshotSettings(cacheDir.resolve(OF_CACHE), RestoreMode.AUTO);
    }

    static SnapshotSettings from(Section section, Path cacheDir) {
        return new SnapshotSettings(
                section.path("dir").orElseGet(() -> in(cacheDir).dir()), section.oneOf("restore", RestoreMode.class));
    }
}
