package vmette.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The little of QEMU's image format that is needed here: an empty image, and whether an image is as those that come of it. Numbers are big-endian, offsets in bytes;
 * see docs/interop/qcow2.txt of QEMU.
 */
final class Qcow2 {
    static final int HEADER_BYTES = 104;

    private static final int MAGIC = 0x514649fb;
    private static final int VERSION = 3;
    private static final int CLUSTER_BITS = 16;
    private static final long CLUSTER = 1 << CLUSTER_BITS;
    private static final long L1_ENTRY_COVERS = CLUSTER / Long.BYTES * CLUSTER;
    // QEMU's own limit, QCOW_MAX_L1_SIZE, is 32 MiB of it.
    private static final long MAX_L1_ENTRIES = (32 << 20) / Long.BYTES;
    private static final int SIXTEEN_BITS = 4;

    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_SIZE = 16;
    private static final int CLUSTER_BITS_AT = 20;
    private static final int SIZE = 24;
    private static final int ENCRYPTION = 32;
    private static final int SNAPSHOTS = 60;
    private static final int INCOMPATIBLE = 72;

    private Qcow2() {}

    /**
     * Writes an image in which nothing is written yet: all that is read comes from what it is laid over, which it does not name.
     *
     * @param to empty
     * @param bytes what the guest sees, at least 1
     */
    static void writeEmpty(FileChannel to, long bytes) throws IOException {
        long entries = (bytes - 1) / L1_ENTRY_COVERS + 1;
        if (bytes < 1 || entries > MAX_L1_ENTRIES) {
            throw new IOException("no image has " + bytes + " bytes");
        }
        // The clusters: header, table of reference counts, one block of them, and the first level of the map of
        // clusters.
        int clusters = 3 + (int) ((entries * Long.BYTES - 1) / CLUSTER + 1);
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        header.putInt(MAGIC).putInt(VERSION);
        header.putLong(0).putInt(0).putInt(CLUSTER_BITS).putLong(bytes).putInt(0);
        header.putInt((int) entries).putLong(3 * CLUSTER);
        header.putLong(CLUSTER).putInt(1);
        header.putInt(0).putLong(0);
        header.putLong(0).putLong(0).putLong(0);
        header.putInt(SIXTEEN_BITS).putInt(HEADER_BYTES);
        ByteBuffer table = ByteBuffer.allocate(Long.BYTES).putLong(2 * CLUSTER);
        ByteBuffer counts = ByteBuffer.allocate(clusters * Short.BYTES);
        while (counts.hasRemaining()) {
            counts.putShort((short) 1);
        }
        write(to, header.flip(), 0);
        write(to, table.flip(), CLUSTER);
        write(to, counts.flip(), 2 * CLUSTER);
        write(to, ByteBuffer.allocate(1), clusters * CLUSTER - 1);
    }

    private static void write(FileChannel to, ByteBuffer bytes, long at) throws IOException {
        while (bytes.hasRemaining()) {
            to.write(bytes, at + bytes.position());
        }
    }

    /**
     * What keeps an image from being opened. One that passes has all its bytes in its own file: it names no file beneath it, none for its data and no key,
     * and whatever else its header says leads QEMU to places in this very file only.
     *
     * @param bytes what the guest is to see
     */
    static Optional<String> wrong(Path file, long bytes) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ)) {
            while (header.hasRemaining()) {
                if (from.read(header, header.position()) < 0) {
                    return Optional.of("is too short for a qcow2 image");
                }
            }
        }
        return wrong(header.flip(), bytes);
    }

    static Optional<String> wrong(ByteBuffer header, long bytes) {
        if (header.remaining() < HEADER_BYTES || header.getInt(0) != MAGIC || header.getInt(4) != VERSION) {
            return Optional.of("is no qcow2 image of version " + VERSION);
        }
        if (header.getLong(BACKING_OFFSET) != 0 || header.getInt(BACKING_SIZE) != 0) {
            return Optional.of("names a file beneath it, which it must not");
        }
        // Damaged, data in another file, another compression, another map of clusters: none is ours.
        if (header.getLong(INCOMPATIBLE) != 0) {
            return Optional.of(
                    "has the features 0x" + Long.toHexString(header.getLong(INCOMPATIBLE)) + ", which it must not");
        }
        if (header.getInt(ENCRYPTION) != 0 || header.getInt(SNAPSHOTS) != 0) {
            return Optional.of("is encrypted, or has snapshots in it");
        }
        if (header.getInt(CLUSTER_BITS_AT) != CLUSTER_BITS) {
            return Optional.of("has clusters of another size than " + CLUSTER);
        }
        return header.getLong(SIZE) == bytes
                ? Optional.empty()
                : Optional.of("is a disk of " + header.getLong(SIZE) + " bytes instead of " + bytes);
    }
}
