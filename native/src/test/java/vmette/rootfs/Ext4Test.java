package vmette.rootfs;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Ext4Test {
    @Test
    void whatWasLeftByAProgramWhoseStatusIsLostIsLookedAt(@TempDir Path directory) throws Exception {
        Path file = Files.write(directory.resolve("disk"), new byte[8 << 20]);
        try (FileChannel open = FileChannel.open(file)) {
            assertThatThrownBy(() -> Ext4.requireMade(open, "no space"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("left no file system")
                    .hasMessageContaining("no space");
            Ext4.format(file, open);
            Ext4.requireMade(open, "");
        }
    }
}
