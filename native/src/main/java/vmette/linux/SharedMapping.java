package vmette.linux;

import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A shared, read-write mapping of a part of a file, mmap(2), seen through windows because a ByteBuffer's length is an
 * int. A window begins every {@link #STRIDE} bytes and reaches {@link #OVERLAP} bytes into the next one, so anything up
 * to that length lies in one of them whole. Owns the mapping, not the descriptor: that may be closed at once.
 *
 * <p>The owner must let go of the windows before {@link #close}: a buffer used after munmap(2) ends the process.
 */
public final class SharedMapping implements AutoCloseable {
    /** Distance between the starts of windows: 1 GiB. */
    public static final long STRIDE = 1L << 30;

    /** How far a window reaches into the next: 1 MiB. */
    public static final long OVERLAP = 1L << 20;

    /** PROT_READ | PROT_WRITE, {@code include/uapi/asm-generic/mman-common.h}. */
    private static final int PROT_READ_WRITE = 1 | 2;

    /** MAP_SHARED, {@code include/uapi/linux/mman.h}. */
    private static final int MAP_SHARED = 1;

    /** MAP_NORESERVE, {@code include/uapi/asm-generic/mman-common.h}: the front-end has accounted for the memory. */
    private static final int MAP_NORESERVE = 0x4000;

    private static final int PAGE = 4096;

    private final long address;
    private final long length;
    private final List<ByteBuffer> windows;
    private boolean closed;

    private SharedMapping(long address, long length, int skip) {
        this.address = address;
        this.length = length;
        List<ByteBuffer> made = new ArrayList<>();
        for (long start = skip; start < length; start += STRIDE) {
            long size = Math.min(STRIDE + OVERLAP, length - start);
            made.add(new Pointer(address).getByteBuffer(start, size).order(ByteOrder.LITTLE_ENDIAN));
        }
        windows = List.copyOf(made);
    }

    /**
     * Maps {@code size} bytes at {@code offset}.
     *
     * @param file open for reading and writing; stays the caller's
     * @param offset at least 0, any alignment
     * @param size at least 1
     * @throws LinuxException if the kernel refuses, or with EINVAL if the file ends before the mapping does: touching
     *     what is not there would be SIGBUS
     */
    public static SharedMapping map(OwnedFd file, long offset, long size) {
        if (offset < 0 || size < 1 || offset > Long.MAX_VALUE - size) {
            throw new IllegalArgumentException("cannot map " + size + " bytes at " + offset);
        }
        long fileSize = fileSize(file);
        if (offset + size > fileSize) {
            throw new LinuxException(
                    "mmap of " + size + " bytes at " + offset + " in a file of " + fileSize, Errno.EINVAL);
        }
        int skip = (int) (offset % PAGE);
        long length = size + skip;
        long address = LibC.mmap(0, length, PROT_READ_WRITE, MAP_SHARED | MAP_NORESERVE, file.fd(), offset - skip);
        if (address == -1) {
            throw new LinuxException("mmap", LibC.errno());
        }
        return new SharedMapping(address, length, skip);
    }

    private static long fileSize(OwnedFd file) {
        try {
            return Files.size(Path.of("/proc/self/fd/" + file.fd()));
        } catch (IOException e) {
            LinuxException failure = new LinuxException("stat " + file, Errno.EBADF);
            failure.initCause(e);
            throw failure;
        }
    }

    /** The windows, in order, little-endian; window i begins {@code i * STRIDE} bytes into what was mapped. */
    public List<ByteBuffer> windows() {
        return windows;
    }

    /** Unmaps, munmap(2). Idempotent. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibC.check("munmap", LibC.munmap(address, length));
        }
    }
}
