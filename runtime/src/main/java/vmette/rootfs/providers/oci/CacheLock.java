package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;
import vmette.rootfs.RootfsProgress;

/**
 * Keeps two threads, or two processes, from fetching the same blob. There are 256 locks for all blobs, chosen by the digest's first byte, so
 * that no file has to be deleted under a lock; a thread holds one at a time.
 */
final class CacheLock implements AutoCloseable {
    private static final long POLL_MILLIS = 20;
    private static final int POLLS_BEFORE_A_WORD = 50;

    private final OwnedFd held;

    private CacheLock(OwnedFd held) {
        this.held = held;
    }

    /** Waits until nobody else has the lock; whoever has it ends, or dies and loses it. */
    static CacheLock take(Path directory, Digest digest, RootfsProgress progress)
            throws CacheException, InterruptedException {
        BlobStore.makeDirectory(directory);
        Path file = directory.resolve(digest.hex().substring(0, 2));
        for (int polls = 1; ; polls++) {
            Optional<OwnedFd> lock = tryLock(file);
            if (lock.isPresent()) {
                return new CacheLock(lock.get());
            }
            if (polls == POLLS_BEFORE_A_WORD) {
                progress.say("waiting for another who is fetching a part of the image");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static Optional<OwnedFd> tryLock(Path file) throws CacheException {
        try {
            return LockFile.tryLock(file, true);
        } catch (LinuxException e) {
            throw new CacheException(new IOException(e.getMessage(), e));
        }
    }

    boolean isHeld() {
        return !held.isClosed();
    }

    @Override
    public void close() {
        held.close();
    }
}
