package vmette.rootfs.providers;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The superblock of a squashfs image, {@code fs/squashfs/squashfs_fs.h}.
 *
 * @param inodes how many files there are
 * @param bytesUsed how long it is, without padding
 */
record Squashfs(long inodes, long bytesUsed) {
    private static final int SUPERBLOCK = 96;

    /** "hsqs" in the order of its bytes. */
    private static final int MAGIC = 0x73717368;

    /** @throws TarFormatException if the file is no image, or is cut off */
    static Squashfs read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer block = ByteBuffer.allocate(SUPERBLOCK).order(ByteOrder.LITTLE_ENDIAN);
            while (block.hasRemaining() && channel.read(block) >= 0) {
                // goes on
            }
            if (block.hasRemaining() || block.getInt(0) != MAGIC) {
                throw new TarFormatException(
                        "it does not begin like a squashfs image (hsqs); an archive is given as tar+file:///PATH");
            }
            if (block.getShort(28) != 4) {
                throw new TarFormatException("it is of squashfs version " + block.getShort(28) + ", and guests know 4");
            }
            Squashfs image = new Squashfs(block.getInt(4) & 0xffffffffL, block.getLong(40));
            if (image.bytesUsed < SUPERBLOCK || image.bytesUsed > channel.size()) {
                throw new TarFormatException(
                        "it is cut off: it should have " + image.bytesUsed + " bytes and has " + channel.size());
            }
            return image;
        }
    }
}
