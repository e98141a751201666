package vmette.libvmette;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;

/**
 * By which a child waits for its parent's end: a file that the parent has locked as long as it lives, as fcntl(2) does. A system lets go of the
 * locks of a process that dies, however it dies, and nothing that either of the two starts inherits them, as it would the end of a pipe.
 */
final class ParentLock implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private ParentLock(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * For the parent, before there is a child.
     *
     * @param file exists and is this lock's alone: to close it anywhere in this process would let the lock go
     * @throws VmetteIoException if it cannot be locked
     */
    static ParentLock take(Path file) {
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
            try {
                channel.lock();
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
            return new ParentLock(file, channel);
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    /**
     * For the child: blocks until the parent has died or closed.
     *
     * @throws VmetteIoException if that cannot be waited for, as where the file is gone
     */
    static void awaitEnd(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.lock();
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    /** To be done when the child is reaped. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static VmetteIoException failure(Path file, IOException e) {
        return new VmetteIoException("cannot lock " + file + ": " + Reasons.of(e), e);
    }
}
