package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExtendedAttributesTest {
    @TempDir
    Path directory;

    private static Map<String, byte[]> of(Path path) {
        return new ExtendedAttributes().of(path.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void theyAreReadToTheByte() throws IOException {
        Path file = Files.createFile(directory.resolve("f"));
        assumeThat(Files.getFileStore(file).supportsFileAttributeView(UserDefinedFileAttributeView.class))
                .as("extended attributes in " + directory)
                .isTrue();
        Files.getFileAttributeView(file, UserDefinedFileAttributeView.class)
                .write("k", ByteBuffer.wrap(new byte[] {0, -1, 10}));
        assertThat(of(file)).containsKey("user.k");
        assertThat(of(file).get("user.k")).containsExactly(0, -1, 10);
        Path link = Files.createSymbolicLink(directory.resolve("l"), file);
        assertThat(of(link)).as("of the link itself").doesNotContainKey("user.k");
    }

    @Test
    void whatIsNotThereIsAnError() {
        assertThatThrownBy(() -> of(directory.resolve("none")))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("none");
    }
}
