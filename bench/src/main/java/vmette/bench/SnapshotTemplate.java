package vmette.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import vmette.VmHandle;
import vmette.config.VmSpec;
import vmette.errors.VmetteIoException;

/** A snapshot of a VM that has booted and run a command, in a directory of its own that goes with this. */
final class SnapshotTemplate implements AutoCloseable {
    private final Path directory;
    private final Path bundle;

    private SnapshotTemplate(Path directory) {
        this.directory = directory;
        this.bundle = directory.resolve("template");
    }

    /** Boots such a VM, and saves it with its end. */
    static SnapshotTemplate of(Product product, VmSpec spec) {
        SnapshotTemplate made;
        try {
            // Where snapshots are, and not on a tmpfs.
            Path cache = Files.createDirectories(product.runtime().settings().cacheDir());
            made = new SnapshotTemplate(Files.createTempDirectory(cache, "bench-"));
        } catch (IOException e) {
            throw new VmetteIoException("cannot make a directory for a snapshot: " + e.getMessage(), e);
        }
        try {
            VmHandle vm = Await.on(product.runtime().launch(spec));
            product.output(vm, "true");
            Await.on(vm.snapshotAndStop(made.bundle.toString()));
            return made;
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
    }

    /** What {@link vmette.Vmette#restore} takes. */
    String path() {
        return bundle.toString();
    }

    Path state() {
        return bundle.resolve("device-state");
    }

    Path memory() {
        return bundle.resolve("memory");
    }

    @Override
    public void close() {
        try (Stream<Path> tree = Files.walk(directory)) {
            for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new VmetteIoException("cannot remove the snapshot in " + directory + ": " + e.getMessage(), e);
        }
    }
}
