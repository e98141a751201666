package vmette.rootfs.providers;

import java.nio.file.Path;
import java.util.Optional;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;
import vmette.rootfs.RootfsProgress;

/** A lock of the cache, against threads and processes alike. Whoever has one and dies loses it. */
public final class CacheLock implements AutoCloseable {
    private static final long POLL_MILLIS = 20;
    private static final int POLLS_BEFORE_A_WORD = 25;

    private final OwnedFd held;

    private CacheLock(OwnedFd held) {
        this.held = held;
    }

    /**
     * Waits until the lock is to be had, and says so once it takes a while.
     *
     * @param file made if it is missing, in a directory that is there; never deleted while it may be locked
     * @param exclusive the only lock; else one of many
     * @throws LinuxException if the file cannot be opened
     */
    public static CacheLock take(Path file, boolean exclusive, RootfsProgress progress) throws InterruptedException {
        for (int polls = 1; ; polls++) {
            Optional<CacheLock> lock = tryTake(file, exclusive);
            if (lock.isPresent()) {
                return lock.get();
            }
            if (polls == POLLS_BEFORE_A_WORD) {
                progress.say("waiting for another who is fetching or making the same");
            }
            pause();
        }
    }

    /** The lock, if it is to be had at once. */
    static Optional<CacheLock> tryTake(Path file, boolean exclusive) {
        return LockFile.tryLock(file, exclusive).map(CacheLock::new);
    }

    /** Until it is worth while to try again. */
    static void pause() throws InterruptedException {
        Thread.sleep(POLL_MILLIS);
    }

    /** Whether it has not been closed. */
    public boolean isHeld() {
        return !held.isClosed();
    }

    /** Idempotent. */
    @Override
    public void close() {
        held.close();
    }
}
