package vmette.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Where a sparse file holds data, lseek(2) with SEEK_DATA and SEEK_HOLE. */
public final class FileExtents {
    /** {@code include/uapi/linux/fs.h}. */
    private static final int SEEK_END = 2;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int ENXIO = 6;

    private FileExtents() {}

    /** Takes one extent. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * Bytes that are there.
         *
         * @param start of the first
         * @param end behind the last
         * @return false: no more of them are wanted
         */
        boolean take(long start, long end) throws IOException;
    }

    /**
     * Goes through the extents of a file, in their order; what lies between them reads as zeroes. A file system that cannot tell has one. None is kept: a guest
     * decides how many its disk and its memory have, and that can be one for every other page.
     *
     * @throws LinuxException if the file cannot be opened
     * @throws IOException what the visitor throws
     */
    public static void each(Path file, Visitor visitor) throws IOException {
        try (OwnedFd fd = OpenFile.read(file)) {
            long size = seek(fd, 0, SEEK_END);
            for (long at = 0; at < size; ) {
                long start = LibC.lseek(fd.fd(), at, SEEK_DATA);
                if (start < 0 && LibC.errno() == ENXIO) {
                    break;
                }
                if (start < 0) {
                    throw new LinuxException("lseek " + file, LibC.errno());
                }
                at = seek(fd, start, SEEK_HOLE);
                if (!visitor.take(start, at)) {
                    break;
                }
            }
        }
    }

    private static long seek(OwnedFd fd, long offset, int whence) {
        long at = LibC.lseek(fd.fd(), offset, whence);
        if (at < 0) {
            throw new LinuxException("lseek", LibC.errno());
        }
        return at;
    }

    /** How many bytes of a file are there. */
    public static long allocated(Path file) {
        long[] bytes = new long[1];
        try {
            each(file, (start, end) -> {
                bytes[0] += end - start;
                return true;
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes[0];
    }
}
