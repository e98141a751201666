package vmette.linux;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Writes to a descriptor that this process was started with and that stays its parent's business: it is never closed. A write blocks as the
 * parent's reader has it. Not thread-safe.
 */
public final class BorrowedOutput extends OutputStream {
    private static final int LEAST = 3;
    private static final int ACCESS_MODE = 03;

    private final int fd;

    private BorrowedOutput(int fd) {
        this.fd = fd;
    }

    /**
     * Takes a descriptor.
     *
     * @param fd 3 or above
     * @throws IOException if it is not open for writing, or something that no parent hands on
     */
    public static BorrowedOutput of(int fd) throws IOException {
        if (fd < LEAST) {
            throw new IOException("descriptor " + fd + " is one of the three standard streams");
        }
        String target;
        String info;
        try {
            target = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd)))
                    .toString();
            info = Files.readString(Path.of("/proc/self/fdinfo", Integer.toString(fd)));
        } catch (IOException closed) {
            throw new IOException("descriptor " + fd + " is not open", closed);
        }
        int flags = info.lines()
                .filter(line -> line.startsWith("flags:"))
                .mapToInt(line -> Integer.parseInt(line.substring(6).strip(), 8))
                .findFirst()
                .orElse(0);
        if ((flags & ACCESS_MODE) == 0 || target.startsWith("anon_inode:")) {
            throw new IOException("descriptor " + fd + " is not open for writing");
        }
        return new BorrowedOutput(fd);
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return;
        }
        NativeBuffer buffer = new NativeBuffer(length);
        buffer.bytes.put(0, bytes, offset, length);
        try {
            int done = 0;
            while (done < length) {
                long count = LibC.write(fd, buffer.address + done, length - done);
                if (count >= 0) {
                    done += (int) count;
                    continue;
                }
                int errno = LibC.errno();
                if (errno != Errno.EINTR) {
                    throw new IOException("write(2) to descriptor " + fd + ": " + Errno.strerror(errno));
                }
            }
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }
}
