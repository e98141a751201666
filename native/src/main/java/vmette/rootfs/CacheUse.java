package vmette.rootfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;

/**
 * The lock of a whole cache directory, {@code CACHE/lock}. Whoever gathers a machine's files there holds it shared until each of them has a lock of
 * its own; whoever prunes holds it alone, and knows then that what has no such lock is nobody's.
 */
public final class CacheUse {
    private static final long POLL_MILLIS = 20;

    private CacheUse() {}

    /**
     * Waits until nobody prunes the cache, which is made if it does not exist.
     *
     * @return owned by the caller; empty where the file cannot be made, and nobody can prune either
     * @throws VmetteIoException if the cache cannot be made, or the thread is interrupted, which it then still is
     */
    public static Optional<OwnedFd> gathering(Path cache, RootfsProgress progress) {
        try {
            // It may be a link to one.
            if (!Files.isDirectory(cache)) {
                Files.createDirectories(
                        cache, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot make the cache directory " + cache + ": " + Reasons.of(e)
                            + "; check that there is space and that it may be written, or set vmette.cache-dir",
                    e);
        }
        return shared(file(cache), () -> progress.say("waiting for another who prunes the cache"));
    }

    /**
     * Holds one thing in the cache by its lock. To be called while gathering: nobody has that lock alone then, but for the moment that a look at the cache
     * takes.
     *
     * @return as {@link #gathering}
     */
    public static Optional<OwnedFd> holding(Path lock) {
        Optional<OwnedFd> held = shared(lock, () -> {});
        if (held.isPresent()) {
            try {
                // When it was used last.
                Files.setLastModifiedTime(lock, FileTime.fromMillis(System.currentTimeMillis()));
            } catch (IOException e) {
                // It only counts as used longer ago.
            }
        }
        return held;
    }

    private static Optional<OwnedFd> shared(Path file, Runnable waiting) {
        for (boolean told = false; ; told = true) {
            try {
                Optional<OwnedFd> held = LockFile.tryLock(file, false);
                if (held.isPresent()) {
                    return held;
                }
            } catch (LinuxException readOnly) {
                return Optional.empty();
            }
            if (!told) {
                waiting.run();
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new VmetteIoException("interrupted while waiting for another who looks at the cache", e);
            }
        }
    }

    /**
     * Keeps others from gathering files, unless somebody is.
     *
     * @return owned by the caller; empty: somebody is
     * @throws LinuxException if the file cannot be opened
     */
    public static Optional<OwnedFd> alone(Path cache) {
        return LockFile.tryLock(file(cache), true);
    }

    private static Path file(Path cache) {
        return cache.resolve("lock");
    }
}
