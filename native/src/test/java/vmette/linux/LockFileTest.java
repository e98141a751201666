package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockFileTest {
    @TempDir
    Path directory;

    @Test
    void manyMayShareAndOneExcludesAll() {
        Path file = directory.resolve("lock");
        try (OwnedFd one = LockFile.tryLock(file, false).orElseThrow();
                OwnedFd other = LockFile.tryLock(file, false).orElseThrow()) {
            assertThat(one.fd()).isNotEqualTo(other.fd());
            assertThat(LockFile.tryLock(file, true)).isEmpty();
        }
        try (OwnedFd alone = LockFile.tryLock(file, true).orElseThrow()) {
            assertThat(alone.isClosed()).isFalse();
            assertThat(LockFile.tryLock(file, true)).isEmpty();
            assertThat(LockFile.tryLock(file, false)).isEmpty();
        }
    }

    @Test
    void closingOneDescriptorLeavesTheOthersLock() {
        Path file = directory.resolve("lock");
        try (OwnedFd held = LockFile.tryLock(file, false).orElseThrow()) {
            LockFile.tryLock(file, false).orElseThrow().close();
            assertThat(held.isClosed()).isFalse();
            assertThat(LockFile.tryLock(file, true)).isEmpty();
        }
    }

    @Test
    void theFileIsMadeForItsOwnerAlone() throws IOException {
        Path file = directory.resolve("lock");
        LockFile.tryLock(file, true).orElseThrow().close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
    }

    @Test
    void aLinkInTheWayIsNotFollowed() throws IOException {
        Path file = Files.createSymbolicLink(directory.resolve("lock"), directory.resolve("elsewhere"));
        assertThatThrownBy(() -> LockFile.tryLock(file, true)).isInstanceOf(LinuxException.class);
        assertThat(directory.resolve("elsewhere")).doesNotExist();
    }

    @Test
    void aDirectoryThatIsMissingIsAnError() {
        assertThatThrownBy(() -> LockFile.tryLock(directory.resolve("none/lock"), false))
                .isInstanceOf(LinuxException.class)
                .hasMessageContaining("none/lock");
    }
}
