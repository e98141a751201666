package vmette.guest;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorInputStream;
import org.tukaani.xz.SingleXZInputStream;

/**
 * The vmlinux inside a bzImage, which boots faster than the image that has to uncompress it first.
 *
 * <p>Where it is, the setup header says (Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length).
 */
final class BzImagePayload {
    private static final int SETUP_SECTS = 0x1f1;
    private static final int PROTOCOL_VERSION = 0x206;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int HEADER_END = 0x250;
    private static final int FIRST_VERSION_WITH_PAYLOAD = 0x208;

    private static final int LZ4_LEGACY = 0x184c2102;
    private static final int MAX_LZ4_BLOCK = 16 << 20;
    private static final int MAX_PAYLOAD = 256 << 20;
    private static final long MAX_VMLINUX = 512L << 20;
    private static final int MAX_XZ_MEMORY_KIB = 256 << 10;

    private BzImagePayload() {}

    /**
     * Writes the vmlinux to {@code target}.
     *
     * @return false when it is compressed in a way that is not known here; nothing is written then
     * @throws IOException when the image contradicts itself or a file fails
     */
    static boolean uncompress(Path bzImage, Path target) throws IOException {
        byte[] payload = payload(bzImage);
        int magic = payload.length < 4
                ? 0
                : ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt();
        if (magic == LZ4_LEGACY) {
            try (OutputStream out = Files.newOutputStream(target)) {
                uncompressLz4(payload, out);
            }
            return true;
        }
        if ((magic & 0xffff) == 0x8b1f) {
            try (InputStream in = new GZIPInputStream(new ByteArrayInputStream(payload))) {
                copy(in, target);
            }
            return true;
        }
        if (magic == 0x587a37fd) {
            try (InputStream in = new SingleXZInputStream(new ByteArrayInputStream(payload), MAX_XZ_MEMORY_KIB)) {
                copy(in, target);
            }
            return true;
        }
        return false;
    }

    private static byte[] payload(Path bzImage) throws IOException {
        try (FileChannel channel = FileChannel.open(bzImage)) {
            ElfReader.Source source = ElfReader.of(channel);
            if (source.size() < HEADER_END) {
                throw new IOException("the kernel image is too short");
            }
            ByteBuffer header = source.read(0, HEADER_END).order(ByteOrder.LITTLE_ENDIAN);
            if ((header.getShort(PROTOCOL_VERSION) & 0xffff) < FIRST_VERSION_WITH_PAYLOAD) {
                return new byte[0];
            }
            int sectors = header.get(SETUP_SECTS) & 0xff;
            // boot.rst: for historical reasons 0 means 4
            long offset = (1L + (sectors == 0 ? 4 : sectors)) * 512 + (header.getInt(PAYLOAD_OFFSET) & 0xffff_ffffL);
            long length = header.getInt(PAYLOAD_LENGTH) & 0xffff_ffffL;
            if (length > MAX_PAYLOAD || offset + length > source.size()) {
                throw new IOException("the kernel image's payload lies outside the image");
            }
            return source.read(offset, (int) length).array();
        }
    }

    /**
     * The lz4 tool's legacy format: a magic number, then blocks that each follow their own compressed length. The kernel's
     * build appends the uncompressed size to it.
     */
    private static void uncompressLz4(byte[] payload, OutputStream out) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
        in.getInt();
        long written = 0;
        while (in.remaining() > 4) {
            long size = in.getInt() & 0xffff_ffffL;
            if (size == LZ4_LEGACY) {
                continue;
            }
            if (size == 0 || size > MAX_LZ4_BLOCK || size > in.remaining()) {
                throw new IOException("an LZ4 block of " + size + " bytes");
            }
            InputStream compressed = new ByteArrayInputStream(payload, in.position(), (int) size);
            try (InputStream block = new BlockLZ4CompressorInputStream(compressed)) {
                written += copy(block, out, MAX_VMLINUX - written);
            }
            in.position(in.position() + (int) size);
        }
        if (in.remaining() == 4 && (in.getInt() & 0xffff_ffffL) != (written & 0xffff_ffffL)) {
            throw new EOFException(
                    "the kernel uncompresses to " + written + " bytes, which is not what its image says");
        }
    }

    private static void copy(InputStream in, Path target) throws IOException {
        try (OutputStream out = Files.newOutputStream(target)) {
            copy(in, out, MAX_VMLINUX);
        }
    }

    private static long copy(InputStream in, OutputStream out, long limit) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long copied = 0;
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            copied += n;
            if (copied > limit) {
                throw new IOException("the kernel uncompresses to more than " + (MAX_VMLINUX >> 20) + " MiB");
            }
            out.write(buffer, 0, n);
        }
        return copied;
    }
}
