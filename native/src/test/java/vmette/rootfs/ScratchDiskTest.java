package vmette.rootfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;

class ScratchDiskTest {
    @TempDir
    private Path directory;

    @TempDir
    private Path beside;

    private Journal journal;

    @BeforeEach
    void makeJournal() {
        journal = Journal.create(beside.resolve("journal"), new JournalRecord.Began("boot", 1, 2, "/run"));
    }

    @AfterEach
    void closeJournal() {
        journal.close();
    }

    /** proc_locks(5) names a file by its inode. */
    private static boolean locked(Path file) throws IOException {
        Object inode = Files.getAttribute(file, "unix:ino");
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .anyMatch(line -> line.contains("POSIX") && line.contains(":" + inode + " "));
    }

    @Test
    void makingAnotherLeavesTheLockOfTheFirst() throws IOException {
        try (ScratchDisk first = ScratchDisk.create(directory, 16, journal)) {
            assertThat(locked(first.file())).isTrue();
            assertThat(Files.readString(journal.file())).contains(" file " + first.file() + "\n");
            try (ScratchDisk second = ScratchDisk.create(directory, 16, journal)) {
                assertThat(locked(second.file())).isTrue();
                assertThat(locked(first.file()))
                        .as("another process would remove it")
                        .isTrue();
            }
        }
        assertThat(directory).isEmptyDirectory();
        assertThat(Files.readAllLines(journal.file()))
                .filteredOn(line -> line.contains(" file-gone "))
                .hasSize(2);
    }

    @Test
    void whatADeadOwnerLeftIsRemovedByTheNext() throws IOException {
        Path left = Files.write(directory.resolve("left.ext4"), new byte[1]);
        try (ScratchDisk next = ScratchDisk.create(directory, 16, journal)) {
            assertThat(left).doesNotExist();
            assertThat(List.of(next.file())).allMatch(Files::exists);
        }
    }
}
