package vmette.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Advisory locks on files, flock(2). Unlike those of {@code FileChannel}, they belong to the descriptor: two threads exclude each other as two
 * processes do, and closing another descriptor of the same file lets nothing go.
 */
public final class LockFile {
    /** O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, {@code include/uapi/asm-generic/fcntl.h}. */
    private static final int FLAGS = 02 | 0100 | 0400000 | 02000000;

    /** O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, {@code include/uapi/asm-generic/fcntl.h}. */
    private static final int DIRECTORY_FLAGS = 0200000 | 0400000 | 02000000;

    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int MODE = 0600;

    private LockFile() {}

    /**
     * Locks the file, which is made if it is missing, unless somebody else's lock is in the way.
     *
     * @param exclusive the only lock; else one of many
     * @return owned by the caller; the lock ends when it is closed, or with this process; empty: somebody else has it
     * @throws LinuxException if the file cannot be opened or locked
     */
    public static Optional<OwnedFd> tryLock(Path file, boolean exclusive) {
        return tryLock(file, FLAGS, exclusive);
    }

    /**
     * The same with a directory, which has to exist. The lock is the directory's and not its name's: it goes along when that changes.
     *
     * @throws LinuxException if it cannot be opened or locked
     */
    public static Optional<OwnedFd> tryLockDirectory(Path directory, boolean exclusive) {
        return tryLock(directory, DIRECTORY_FLAGS, exclusive);
    }

    private static Optional<OwnedFd> tryLock(Path file, int flags, boolean exclusive) {
        byte[] bytes = file.toString().getBytes(StandardCharsets.UTF_8);
        NativeBuffer text = new NativeBuffer(bytes.length + 1);
        text.bytes.put(0, bytes);
        OwnedFd fd = new OwnedFd(LibC.check("open " + file, text.during(path -> LibC.open(path, flags, MODE))));
        try {
            int operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
            while (LibC.flock(fd.fd(), operation) < 0) {
                int errno = LibC.errno();
                if (errno == Errno.EAGAIN) {
                    fd.close();
                    return Optional.empty();
                }
                if (errno != Errno.EINTR) {
                    throw new LinuxException("flock " + file, errno);
                }
            }
            return Optional.of(fd);
        } catch (RuntimeException e) {
            fd.close();
            throw e;
        }
    }
}
