package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.Optional;
import vmette.linux.LinuxException;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.providers.CacheLock;

/**
 * Blobs on disk, each a file named by its digest. A file gets that name when its bytes have been checked and synced, so one that is there is
 * whole. What is not complete yet is {@code NAME.partial}.
 */
final class BlobStore {
    private static final int CHUNK = 128 << 10;

    private final Path directory;

    /** @param directory the provider's own, made when needed */
    BlobStore(Path directory) {
        this.directory = directory;
    }

    /** The file of a blob, which need not exist. */
    Path file(Digest digest) {
        return directory.resolve("blobs").resolve(digest.algorithm()).resolve(digest.hex());
    }

    /** The file of what has come of a blob so far; to be touched under the blob's lock only. */
    Path partial(Digest digest) throws CacheException {
        Path file = file(digest);
        makeDirectory(file.getParent());
        return file.resolveSibling(digest.hex() + ".partial");
    }

    /**
     * Keeps others from fetching the same blob. There are 256 locks for all blobs, chosen by the digest's first byte, so that no file has to be
     * deleted under a lock; a thread holds one at a time.
     */
    CacheLock lock(Digest digest, RootfsProgress progress) throws CacheException, InterruptedException {
        Path locks = directory.resolve("locks");
        makeDirectory(locks);
        try {
            return CacheLock.take(locks.resolve(digest.hex().substring(0, 2)), true, progress);
        } catch (LinuxException e) {
            throw new CacheException(new IOException(e.getMessage(), e));
        }
    }

    /** Whether the blob is here, by its name and size. */
    boolean has(Descriptor blob) throws CacheException {
        Path file = file(blob.digest());
        try {
            return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) == blob.size();
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    /** A small blob, if it is here and its bytes are what they should be; a damaged one is removed. */
    Optional<byte[]> read(Digest digest, int most) throws CacheException {
        Path file = file(digest);
        try (InputStream in = Files.newInputStream(file, LinkOption.NOFOLLOW_LINKS)) {
            byte[] bytes = in.readNBytes(most + 1);
            if (digest.isOf(bytes)) {
                touch(file);
                return Optional.of(bytes);
            }
            Files.deleteIfExists(file);
            return Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    /** Notes that it is used now, for those who prune; where that cannot be noted it is not. */
    static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis()));
        } catch (IOException e) {
            // It only counts as used longer ago.
        }
    }

    /** Puts a small blob there whose digest has been checked. */
    void write(Digest digest, byte[] bytes) throws CacheException {
        Path file = file(digest);
        makeDirectory(file.getParent());
        writeAside(file, bytes);
    }

    /** Replaces a file in one step. */
    static void writeAside(Path file, byte[] bytes) throws CacheException {
        try {
            Path aside = Files.createTempFile(file.getParent(), ".new-", "");
            try {
                try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.WRITE)) {
                    ByteBuffer buffer = ByteBuffer.wrap(bytes);
                    while (buffer.hasRemaining()) {
                        channel.write(buffer);
                    }
                    channel.force(true);
                }
                Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(aside);
            }
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    /** A blob that has come whole, been checked and been synced gets its name. */
    void publish(Path partial, Digest digest) throws CacheException {
        try {
            Files.move(partial, file(digest), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    /** Removes a blob whose bytes have turned out to be others. */
    void discard(Path file) throws CacheException {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    /** Feeds a file's bytes to an engine; how many there were. An interrupt ends it. */
    static long digest(Path file, MessageDigest engine) throws CacheException, InterruptedException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] chunk = new byte[CHUNK];
            long total = 0;
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                engine.update(chunk, 0, read);
                total += read;
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
            return total;
        } catch (NoSuchFileException e) {
            return 0;
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    static void makeDirectory(Path directory) throws CacheException {
        try {
            Files.createDirectories(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }
}
