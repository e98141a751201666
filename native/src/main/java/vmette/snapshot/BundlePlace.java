package vmette.snapshot;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.stream.Stream;
import vmette.errors.InvalidConfigException;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmetteIoException;
import vmette.linux.FileExtents;
import vmette.linux.LinuxException;
import vmette.linux.OwnedFd;

/**
 * Where one bundle is, or is going to be.
 *
 * @param store of many, or around this one
 * @param name in it
 */
public record BundlePlace(BundleStore store, String name) {
    /**
     * What a user has named: a path if there is a slash in it, else a name in a directory of bundles, which is made if there is none.
     *
     * @throws InvalidConfigException if it can be neither
     * @throws VmetteIoException if that directory is refused, see {@link BundleStore#open(Path)}
     */
    public static BundlePlace of(String given, Path directory) {
        return of(given, () -> BundleStore.open(directory));
    }

    /** The same, with the directory of bundles opened by somebody, if it is needed. */
    public static BundlePlace of(String given, Supplier<BundleStore> directory) {
        if (given.indexOf('/') < 0) {
            BundleStore.checkName(given);
            return new BundlePlace(directory.get(), given);
        }
        try {
            return at(Path.of(given));
        } catch (InvalidPathException e) {
            throw new InvalidConfigException("'" + given.replace("\0", "\\0") + "' is not a path", e);
        }
    }

    /** That directory. Throws as {@link BundleStore#around}. */
    public static BundlePlace at(Path bundle) {
        BundleStore store = BundleStore.around(bundle);
        return new BundlePlace(
                store, bundle.toAbsolutePath().normalize().getFileName().toString());
    }

    /** Its directory. */
    public Path directory() {
        return store.root().resolve(name);
    }

    /** See {@link BundleStore#open(String)}. */
    public Bundle open() {
        return store.open(name);
    }

    /**
     * See {@link BundleStore#hold}.
     *
     * @throws RestoreFailedException if there is no such bundle, or it is just being removed
     */
    public OwnedFd hold() {
        return store.hold(name);
    }

    /** See {@link BundleStore#remove}. */
    public boolean remove() {
        return store.remove(name);
    }

    /** What is there takes on disk, in bytes, whatever state it is in; what cannot be read counts as nothing. */
    public long allocated() {
        try (Stream<Path> all = Files.walk(directory())) {
            return all.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .mapToLong(BundlePlace::allocated)
                    .sum();
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    private static long allocated(Path file) {
        try {
            return FileExtents.allocated(file);
        } catch (LinuxException e) {
            return 0;
        }
    }
}
