package vmette.rootfs.providers;

import java.nio.file.Path;
import java.util.Optional;
import vmette.linux.LinuxException;
import vmette.linux.LockFile;
import vmette.linux.OwnedFd;
import vmette.rootfs.RootfsProgress;

/** Locks of the cache, against threads and processes alike. */
final class CacheLock {
    private static final long POLL_MILLIS = 20;

    private CacheLock() {}

    /**
     * Waits until the lock is to be had.
     *
     * @return owned by the caller
     * @throws LinuxException if the file cannot be opened
     * @throws vmette.errors.VmetteIoException if the thread is interrupted, which it then still is
     */
    static OwnedFd await(Path file, boolean exclusive, RootfsProgress progress) {
        boolean told = false;
        while (true) {
            Optional<OwnedFd> held = LockFile.tryLock(file, exclusive);
            if (held.isPresent()) {
                return held.get();
            }
            if (!told) {
                progress.say("waiting for another who is fetching or making the same");
                told = true;
            }
            pause();
        }
    }

    /** Until it is worth while to try again. */
    static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Interrupts.check("waiting for the cache", e);
        }
    }
}
