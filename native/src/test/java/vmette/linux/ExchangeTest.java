package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExchangeTest {
    @Test
    void directoriesThatAreNotEmptyChangeNames(@TempDir Path directory) throws Exception {
        Path one = Files.createDirectory(directory.resolve("one"));
        Path other = Files.createDirectory(directory.resolve("other"));
        Files.writeString(one.resolve("file"), "of one");
        Files.writeString(other.resolve("file"), "of other");
        assertThat(Exchange.of(one, other)).isTrue();
        assertThat(one.resolve("file")).hasContent("of other");
        assertThat(other.resolve("file")).hasContent("of one");
        assertThatThrownBy(() -> Exchange.of(one, directory.resolve("none")))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("none");
    }
}
