package vmette.qemu;

import java.nio.file.Path;

/**
 * A file beneath a disk's image; opened for reading only, by as many monitors as like.
 *
 * @param file absolute
 * @param overlay whether it is a qcow2 over the layer before, else raw
 */
public record DiskLayer(Path file, boolean overlay) {
    /** Refuses a relative path. */
    public DiskLayer {
        if (!file.isAbsolute()) {
            throw new IllegalArgumentException("a disk's layer is not absolute: " + file);
        }
    }
}
