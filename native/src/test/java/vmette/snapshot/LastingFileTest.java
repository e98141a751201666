package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastingFileTest {
    @TempDir
    private Path temporary;

    private Path file;
    private LastingFile kernel;

    @BeforeEach
    void look() throws IOException {
        file = Files.writeString(temporary.resolve("kernel"), "a kernel");
        kernel = LastingFile.of(file);
    }

    @Test
    void tellsWhatItWas() throws IOException {
        assertThat(kernel.sha256()).isEqualTo(Sha256.of(file));
        kernel.requireUnchanged();
    }

    @Test
    void anotherOfThatNameIsNotIt() throws IOException {
        Path other = Files.writeString(temporary.resolve("other"), "a kernel");
        Files.move(other, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(kernel::sha256)
                .isInstanceOf(IOException.class)
                .hasMessage(file + " was changed after the VM had been started from it");
        // Nor after somebody has asked for the other.
        assertThat(LastingFile.of(file).sha256()).isEqualTo(Sha256.of(file));
        assertThatThrownBy(kernel::requireUnchanged).isInstanceOf(IOException.class);
    }

    @Test
    void norIsItWithAnotherContentNorGone() throws IOException {
        Files.writeString(file, "a rootkit");
        assertThatThrownBy(kernel::sha256).isInstanceOf(IOException.class).hasMessageContaining("was changed");
        Files.delete(file);
        assertThatThrownBy(kernel::sha256).isInstanceOf(IOException.class);
    }

    @Test
    void aLinkIsWhatItLedTo() throws IOException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), file);
        LastingFile linked = LastingFile.of(link);
        Files.delete(link);
        Files.createSymbolicLink(link, Files.writeString(temporary.resolve("new"), "a new kernel"));
        assertThat(linked.sha256()).isEqualTo(Sha256.of(file));
    }
}
