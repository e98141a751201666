package vmette.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import vmette.linux.FileExtents;

/** Goes through large, mostly empty files by what of them is there, a MiB at a time; pages of zeroes are not written. */
final class SparseFiles {
    private static final int PAGE = 4096;
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(PAGE).asReadOnlyBuffer();

    private SparseFiles() {}

    /**
     * Copies a file that nobody writes to meanwhile.
     *
     * @param to empty, or of zeroes; not closed
     * @return the sums of what was copied
     */
    static ChunkSums copy(Path from, FileChannel to) throws IOException {
        try (FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
            long bytes = source.size();
            ChunkSums.Builder sums = new ChunkSums.Builder(bytes);
            each(from, source, bytes, (chunk, buffer) -> {
                if (write(buffer, to, (long) chunk * ChunkSums.CHUNK)) {
                    sums.put(chunk, sum(buffer));
                }
                return true;
            });
            extend(to, bytes);
            return sums.build();
        }
    }

    /** The sums of a file that nobody writes to meanwhile. */
    static ChunkSums sums(Path file) throws IOException {
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            ChunkSums.Builder sums = new ChunkSums.Builder(source.size());
            each(file, source, source.size(), (chunk, buffer) -> {
                if (!isZeroes(buffer)) {
                    sums.put(chunk, sum(buffer));
                }
                return true;
            });
            return sums.build();
        }
    }

    /**
     * Compares a file with its sums, and copies it on the way if asked.
     *
     * @param to empty, or of zeroes; not closed
     * @param read takes how many bytes have been read since
     * @return what is wrong with it, if anything; what was copied is of no use then
     */
    static Optional<String> check(Path file, ChunkSums sums, Optional<FileChannel> to, LongConsumer read)
            throws IOException {
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            if (source.size() != sums.bytes()) {
                return Optional.of("has " + source.size() + " bytes instead of " + sums.bytes());
            }
            BitSet seen = new BitSet();
            int[] wrong = {-1};
            each(file, source, sums.bytes(), (chunk, buffer) -> {
                seen.set(chunk);
                read.accept(buffer.limit());
                // What is told to be zeroes may be stored as such, by whoever copied the bundle.
                boolean right = sums.isFilled(chunk) ? sums.matches(chunk, sum(buffer)) : isZeroes(buffer);
                if (!right) {
                    wrong[0] = chunk;
                } else if (to.isPresent()) {
                    write(buffer, to.get(), (long) chunk * ChunkSums.CHUNK);
                }
                return right;
            });
            for (int chunk = 0; wrong[0] < 0 && chunk < sums.count(); chunk++) {
                if (sums.isFilled(chunk) && !seen.get(chunk)) {
                    wrong[0] = chunk;
                }
            }
            if (wrong[0] >= 0) {
                return Optional.of("differs from its checksum in MiB " + wrong[0]);
            }
            if (to.isPresent()) {
                extend(to.get(), sums.bytes());
            }
            return Optional.empty();
        }
    }

    /** Copies what has been checked before. */
    static void copyChecked(Path file, long bytes, FileChannel to) throws IOException {
        try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
            each(file, source, bytes, (chunk, buffer) -> {
                write(buffer, to, (long) chunk * ChunkSums.CHUNK);
                return true;
            });
            extend(to, bytes);
        }
    }

    /** Takes one MiB that is not all hole; false to end. */
    @FunctionalInterface
    private interface Visitor {
        boolean take(int chunk, ByteBuffer buffer) throws IOException;
    }

    private static void each(Path file, FileChannel source, long bytes, Visitor visitor) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(ChunkSums.CHUNK);
        int[] next = {0};
        FileExtents.each(file, (start, end) -> {
            int last = Math.toIntExact((Math.min(end, bytes) - 1) / ChunkSums.CHUNK);
            for (int chunk = Math.max(next[0], Math.toIntExact(start / ChunkSums.CHUNK)); chunk <= last; chunk++) {
                read(source, buffer, (long) chunk * ChunkSums.CHUNK, bytes);
                if (!visitor.take(chunk, buffer)) {
                    return false;
                }
                next[0] = chunk + 1;
            }
            return true;
        });
    }

    private static void read(FileChannel source, ByteBuffer buffer, long at, long bytes) throws IOException {
        buffer.clear().limit((int) Math.min(ChunkSums.CHUNK, bytes - at));
        while (buffer.hasRemaining()) {
            if (source.read(buffer, at + buffer.position()) < 0) {
                throw new IOException("became shorter while it was read");
            }
        }
        buffer.flip();
    }

    /** Leaves the buffer as it was. True: some of it is not zero. */
    private static boolean write(ByteBuffer buffer, FileChannel to, long at) throws IOException {
        int limit = buffer.limit();
        boolean some = false;
        int start = 0;
        while (start < limit) {
            int end = start;
            while (end < limit && !isZero(buffer, end, limit)) {
                end = Math.min(limit, end + PAGE);
            }
            if (end > start) {
                some = true;
                ByteBuffer part = buffer.duplicate().position(start).limit(end);
                while (part.hasRemaining()) {
                    to.write(part, at + part.position());
                }
            }
            start = Math.min(limit, end + PAGE);
        }
        return some;
    }

    private static boolean isZeroes(ByteBuffer buffer) {
        for (int at = 0; at < buffer.limit(); at += PAGE) {
            if (!isZero(buffer, at, buffer.limit())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isZero(ByteBuffer buffer, int at, int limit) {
        int length = Math.min(PAGE, limit - at);
        return buffer.slice(at, length).equals(ZEROES.slice(0, length));
    }

    private static int sum(ByteBuffer buffer) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.duplicate());
        return (int) crc.getValue();
    }

    /** A hole at the end of a file is but its length. */
    static void extend(FileChannel file, long bytes) throws IOException {
        if (bytes > 0 && file.size() < bytes) {
            file.write(ByteBuffer.allocate(1), bytes - 1);
        }
    }
}
