package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZstandardTest {
    private static final String TEXT = "compressed and back";

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void compress() throws IOException {
        file = Files.write(directory.resolve("text.zst"), Zstd.compress(TEXT.getBytes(StandardCharsets.UTF_8)));
    }

    /** What a process of its own says, with that as its temporary directory. */
    private String unpacked(Path temporary) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:+UseSerialGC",
                        "-Djava.io.tmpdir=" + temporary,
                        "-cp",
                        System.getProperty("java.class.path"),
                        ZstdReader.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return said;
    }

    @Test
    void aProcessThatIsKilledLeavesNoLibraryInTheTemporaryDirectory() throws Exception {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        assertThat(unpacked(temporary)).isEqualTo(TEXT);
        assertThat(temporary).isEmptyDirectory();
    }

    @Test
    void withoutAPlaceForTheLibraryItSaysSo() throws Exception {
        Path nowhere = directory.resolve("nowhere");
        assertThat(unpacked(nowhere))
                .isEqualTo("there is no place for zstd's native library: cannot write to " + nowhere + "\n");
    }
}
