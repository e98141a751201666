package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.lz4.BlockLZ4CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class BzImagePayloadTest {
    private static final byte[] VMLINUX =
            "a kernel, a kernel, a kernel; ".repeat(2000).getBytes(StandardCharsets.US_ASCII);

    @TempDir
    Path directory;

    @Test
    void lz4InSeveralBlocksIsUncompressed() throws IOException {
        assertThat(uncompressed(lz4(VMLINUX, 4096, VMLINUX.length))).isEqualTo(VMLINUX);
    }

    @Test
    void gzipAndXzAreUncompressed() throws IOException {
        ByteArrayOutputStream gzip = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(gzip)) {
            out.write(VMLINUX);
        }
        assertThat(uncompressed(gzip.toByteArray())).isEqualTo(VMLINUX);
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        try (OutputStream out = new XZOutputStream(xz, new LZMA2Options())) {
            out.write(VMLINUX);
        }
        // the kernel's build appends the size
        xz.writeBytes(new byte[] {1, 2, 3, 4});
        assertThat(uncompressed(xz.toByteArray())).isEqualTo(VMLINUX);
    }

    @Test
    void whatIsCompressedOtherwiseIsLeftAlone() throws IOException {
        Path image =
                Files.write(directory.resolve("bz"), ElfFiles.bzImage("6.1", new byte[] {0x28, (byte) 0xb5, 0x2f, 9}));
        assertThat(BzImagePayload.uncompress(image, directory.resolve("out"))).isFalse();
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void aWrongSizeAndATornBlockAreRefused() {
        assertThatThrownBy(() -> uncompressed(lz4(VMLINUX, 4096, VMLINUX.length - 1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not what its image says");
        byte[] torn = ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x184c2102)
                .putInt(1000)
                .array();
        assertThatThrownBy(() -> uncompressed(torn))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("1000 bytes");
    }

    @Test
    void aPayloadOutsideTheImageIsRefused() throws IOException {
        byte[] image = ElfFiles.bzImage("6.1", new byte[100]);
        ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).putInt(0x24c, 5000);
        Path file = Files.write(directory.resolve("bz"), image);
        assertThatThrownBy(() -> BzImagePayload.uncompress(file, directory.resolve("out")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("outside");
    }

    @Test
    void noMutationDoesMoreThanFail() throws IOException {
        byte[] payload = lz4(VMLINUX, 4096, VMLINUX.length);
        Random random = new Random(7);
        for (int round = 0; round < 500; round++) {
            byte[] mutated = payload.clone();
            for (int i = random.nextInt(5); i >= 0; i--) {
                mutated[4 + random.nextInt(mutated.length - 4)] = (byte) random.nextInt();
            }
            try {
                assertThat(uncompressed(mutated)).hasSizeLessThan(1 << 24);
            } catch (IOException e) {
                assertThat(e).isNotNull();
            }
        }
    }

    private byte[] uncompressed(byte[] payload) throws IOException {
        Path image = Files.write(directory.resolve("bz"), ElfFiles.bzImage("6.1", payload));
        Path target = directory.resolve("out");
        assertThat(BzImagePayload.uncompress(image, target)).isTrue();
        return Files.readAllBytes(target);
    }

    private static byte[] lz4(byte[] plain, int blockSize, int announced) throws IOException {
        ByteArrayOutputStream legacy = new ByteArrayOutputStream();
        legacy.writeBytes(little(0x184c2102));
        for (int at = 0; at < plain.length; at += blockSize) {
            ByteArrayOutputStream block = new ByteArrayOutputStream();
            try (OutputStream out = new BlockLZ4CompressorOutputStream(block)) {
                out.write(plain, at, Math.min(blockSize, plain.length - at));
            }
            legacy.writeBytes(little(block.size()));
            legacy.writeBytes(block.toByteArray());
        }
        legacy.writeBytes(little(announced));
        return legacy.toByteArray();
    }

    private static byte[] little(int value) {
        return ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array();
    }
}
