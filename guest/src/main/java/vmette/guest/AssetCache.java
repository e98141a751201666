package vmette.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import vmette.errors.VmetteIoException;

/**
 * The fetched assets on disk; the package's description shows the layout.
 *
 * <p>A fetch holds a lock against other threads and one against other processes. It works in a directory of its own and ends
 * with renames; such directories found under the lock are what killed fetches have left, and are removed.
 */
final class AssetCache {
    /** A file lock belongs to the whole JVM, so threads need one among themselves. */
    private static final ReentrantLock THREADS = new ReentrantLock();

    private static final String SCRATCH_PREFIX = ".fetch-";

    private final Path directory;
    private final GuestPackages packages;

    AssetCache(Path cache, GuestPackages packages) {
        this.directory = cache.resolve("guest");
        this.packages = packages;
    }

    /** The assets of these kinds, fetched if they are not here yet. */
    Map<AssetKind, GuestAsset> get(Set<AssetKind> kinds, Consumer<String> progress) {
        Map<AssetKind, GuestAsset> assets = present(kinds);
        return assets.keySet().containsAll(kinds) ? assets : fetchUnderLock(kinds, progress);
    }

    private Map<AssetKind, GuestAsset> present(Set<AssetKind> kinds) {
        Map<AssetKind, GuestAsset> assets = new EnumMap<>(AssetKind.class);
        for (AssetKind kind : kinds) {
            GuestAsset.in(current(kind)).ifPresent(asset -> assets.put(kind, asset));
        }
        return assets;
    }

    private Path current(AssetKind kind) {
        return directory.resolve("current-" + kind.label());
    }

    private Map<AssetKind, GuestAsset> fetchUnderLock(Set<AssetKind> kinds, Consumer<String> progress) {
        try {
            THREADS.lockInterruptibly();
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            try (FileChannel channel = FileChannel.open(
                            directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = lock(channel, progress)) {
                Map<AssetKind, GuestAsset> assets = present(kinds);
                Set<AssetKind> missing = EnumSet.copyOf(kinds);
                missing.removeAll(assets.keySet());
                if (lock.isValid() && !missing.isEmpty()) {
                    assets.putAll(fetch(missing, progress));
                }
                return assets;
            }
        } catch (FileLockInterruptionException e) {
            throw interrupted(e);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot put the guest's kernel and busybox into " + directory + ": " + e
                            + "; check that there is space (200 MiB) and that it may be written",
                    e);
        } finally {
            THREADS.unlock();
        }
    }

    private static FileLock lock(FileChannel channel, Consumer<String> progress) throws IOException {
        FileLock lock = channel.tryLock();
        if (lock != null) {
            return lock;
        }
        progress.accept("another process is fetching the guest's kernel; waiting for it");
        return channel.lock();
    }

    private Map<AssetKind, GuestAsset> fetch(Set<AssetKind> missing, Consumer<String> progress) throws IOException {
        try (DirectoryStream<Path> dead = Files.newDirectoryStream(directory, SCRATCH_PREFIX + "*")) {
            for (Path scratch : dead) {
                delete(scratch);
            }
        }
        Path scratch = Files.createTempDirectory(directory, SCRATCH_PREFIX);
        try {
            Path unpacking = Files.createDirectory(scratch.resolve("packages"));
            Map<AssetKind, GuestAsset> assets = new EnumMap<>(AssetKind.class);
            for (GuestPackages.Unpacked unpacked : packages.fetch(missing, unpacking, progress)) {
                progress.accept("preparing the guest's " + unpacked.kind().label() + " " + unpacked.version());
                assets.put(unpacked.kind(), install(unpacked, scratch));
            }
            return assets;
        } finally {
            delete(scratch);
        }
    }

    private GuestAsset install(GuestPackages.Unpacked unpacked, Path scratch) throws IOException {
        String label = unpacked.kind().label();
        String name = label + "-" + unpacked.version().replaceAll("[^A-Za-z0-9.+~-]", "_");
        Path target = directory.resolve(name);
        if (GuestAsset.in(target).isEmpty()) {
            Path staged = Files.createDirectory(scratch.resolve("staged-" + label));
            AssetStaging.stage(unpacked, staged);
            if (Files.exists(target)) {
                Files.move(target, scratch.resolve("damaged-" + label), StandardCopyOption.ATOMIC_MOVE);
            }
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
        }
        Path link = Files.createSymbolicLink(scratch.resolve("link-" + label), Path.of(name));
        Files.move(link, current(unpacked.kind()), StandardCopyOption.ATOMIC_MOVE);
        return GuestAsset.in(target).orElseThrow(() -> new IOException(target + " changed as soon as it was written"));
    }

    private static VmetteIoException interrupted(Exception cause) {
        Thread.currentThread().interrupt();
        return new VmetteIoException("interrupted while waiting for another fetch of the guest's kernel", cause);
    }

    private static void delete(Path tree) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                // a package may hold directories that not even their owner may change
                Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
