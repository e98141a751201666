package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class BzImageFuzzTest {
    private static Path directory;

    @BeforeAll
    static void createDirectory() throws IOException {
        directory = Files.createTempDirectory("bzimage");
    }

    @AfterAll
    static void deleteDirectory() throws IOException {
        Files.deleteIfExists(directory.resolve("image"));
        Files.deleteIfExists(directory.resolve("vmlinux"));
        Files.delete(directory);
    }

    /** The input is the file of a kernel, from the last bytes of its setup header on; what is before is zeros. */
    @FuzzTest
    void anyKernelIsUncompressedOrRefused(byte[] bytes) throws IOException {
        Path image = directory.resolve("image");
        Path vmlinux = directory.resolve("vmlinux");
        byte[] file = new byte[0x1f1 + bytes.length];
        System.arraycopy(bytes, 0, file, 0x1f1, bytes.length);
        Files.write(image, file);
        Files.deleteIfExists(vmlinux);
        try {
            if (!BzImagePayload.uncompress(image, vmlinux)) {
                assertThat(vmlinux).doesNotExist();
            }
        } catch (IOException e) {
            // A decompressor does not always say more than that there is too little of it.
            if (!(e instanceof EOFException)) {
                assertThat(e.getMessage()).isNotBlank();
            }
        }
        assertThat(image).hasBinaryContent(file);
    }
}
