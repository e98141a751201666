package vmette.linux;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where a sparse file holds data, lseek(2) with SEEK_DATA and SEEK_HOLE. */
public final class FileExtents {
    /** {@code include/uapi/linux/fs.h}. */
    private static final int SEEK_END = 2;

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int ENXIO = 6;

    private FileExtents() {}

    /**
     * Bytes that are there.
     *
     * @param start of the first
     * @param end behind the last
     */
    public record Extent(long start, long end) {}

    /**
     * The extents of a file, in their order; what lies between them reads as zeroes. A file system that cannot tell has one.
     *
     * @throws LinuxException if the file cannot be opened
     */
    public static List<Extent> of(Path file) {
        try (OwnedFd fd = OpenFile.read(file)) {
            long size = seek(fd, 0, SEEK_END);
            List<Extent> extents = new ArrayList<>();
            for (long at = 0; at < size; ) {
                long start = LibC.lseek(fd.fd(), at, SEEK_DATA);
                if (start < 0 && LibC.errno() == ENXIO) {
                    break;
                }
                if (start < 0) {
                    throw new LinuxException("lseek " + file, LibC.errno());
                }
                at = seek(fd, start, SEEK_HOLE);
                extents.add(new Extent(start, at));
            }
            return List.copyOf(extents);
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
        return of(file).stream()
                .mapToLong(extent -> extent.end() - extent.start())
                .sum();
    }
}
