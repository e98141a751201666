package vmette.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchDiskTest {
    @TempDir
    private Path directory;

    /** proc_locks(5) names a file by its inode. */
    private static boolean locked(Path file) throws IOException {
        Object inode = Files.getAttribute(file, "unix:ino");
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .anyMatch(line -> line.contains("POSIX") && line.contains(":" + inode + " "));
    }

    @Test
    void makingAnotherLeavesTheLockOfTheFirst() throws IOException {
        try (ScratchDisk first = ScratchDisk.create(directory, 16)) {
            assertThat(locked(first.file())).isTrue();
            try (ScratchDisk second = ScratchDisk.create(directory, 16)) {
                assertThat(locked(second.file())).isTrue();
                assertThat(locked(first.file()))
                        .as("another process would remove it")
                        .isTrue();
            }
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatADeadOwnerLeftIsRemovedByTheNext() throws IOException {
        Path left = Files.write(directory.resolve("left.ext4"), new byte[1]);
        try (ScratchDisk next = ScratchDisk.create(directory, 16)) {
            assertThat(left).doesNotExist();
            assertThat(List.of(next.file())).allMatch(Files::exists);
        }
    }
}
