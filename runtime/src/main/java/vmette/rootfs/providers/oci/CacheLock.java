package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import vmette.rootfs.RootfsProgress;

/**
 * Keeps two threads, or two processes, from fetching the same blob. There are 256 locks for all blobs, chosen by the digest's first byte, so
 * that no file has to be deleted under a lock; a thread holds one at a time.
 */
final class CacheLock implements AutoCloseable {
    private static final int LOCKS = 256;

    /** A file lock belongs to the whole JVM, so threads need one among themselves. */
    private static final ReentrantLock[] THREADS =
            IntStream.range(0, LOCKS).mapToObj(i -> new ReentrantLock()).toArray(ReentrantLock[]::new);

    private final ReentrantLock threads;
    private final FileLock lock;

    private CacheLock(ReentrantLock threads, FileLock lock) {
        this.threads = threads;
        this.lock = lock;
    }

    /** Waits until nobody else has the lock; whoever has it ends, or dies and loses it. To be closed by the same thread. */
    static CacheLock take(Path directory, Digest digest, RootfsProgress progress)
            throws CacheException, InterruptedException {
        String name = digest.hex().substring(0, 2);
        ReentrantLock threads = THREADS[Integer.parseInt(name, 16)];
        threads.lockInterruptibly();
        CacheLock taken = null;
        try {
            taken = new CacheLock(threads, lock(directory.resolve(name), progress));
            return taken;
        } catch (FileLockInterruptionException e) {
            throw (InterruptedException) new InterruptedException("waiting for another process").initCause(e);
        } catch (IOException e) {
            throw new CacheException(e);
        } finally {
            if (taken == null) {
                threads.unlock();
            }
        }
    }

    private static FileLock lock(Path file, RootfsProgress progress) throws IOException {
        BlobStore.makeDirectory(file.getParent());
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                progress.say("another process is fetching a part of the image; waiting for it");
                lock = channel.lock();
            }
            return lock;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    boolean isHeld() {
        return lock.isValid();
    }

    @Override
    public void close() throws CacheException {
        try {
            lock.acquiredBy().close();
        } catch (IOException e) {
            throw new CacheException(e);
        } finally {
            threads.unlock();
        }
    }
}
