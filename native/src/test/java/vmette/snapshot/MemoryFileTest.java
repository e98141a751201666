package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.StartFailedException;
import vmette.process.RuntimeDirectory;

class MemoryFileTest {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final long MIB = 1 << 20;

    @TempDir
    private Path temporary;

    private RuntimeDirectory runtime;
    private Path tmpfs;

    @BeforeEach
    void open() throws IOException {
        assumeThat(Files.isWritable(SHARED_MEMORY)).as("there is a tmpfs").isTrue();
        runtime = RuntimeDirectory.open(temporary.toString());
        tmpfs = Files.createTempDirectory(SHARED_MEMORY, "memory");
    }

    @AfterEach
    void close() throws IOException {
        if (runtime != null) {
            runtime.close();
            Files.delete(tmpfs);
        }
    }

    private MemoryFile create(long bytes, long room) {
        return MemoryFile.create("web", List.of(tmpfs), bytes, runtime.journal(), place -> room);
    }

    @Test
    void aTmpfsThatIsTooSmallIsRefused() {
        assertThatThrownBy(() -> create(8 * MIB, 7 * MIB))
                .isInstanceOf(StartFailedException.class)
                .hasMessageContaining("VM web: there is no room for its 8 MiB of memory")
                .hasMessageContaining(tmpfs + " has 7 MiB left");
        assertThat(tmpfs).isEmptyDirectory();
    }

    @Test
    void whatOthersMayStillTakeIsNotGivenAgain() {
        try (MemoryFile first = create(8 * MIB, 12 * MIB)) {
            assertThat(first.allocated()).isLessThan(MIB);
            assertThatThrownBy(() -> create(8 * MIB, 12 * MIB)).isInstanceOf(StartFailedException.class);
        }
        create(8 * MIB, 12 * MIB).close();
    }

    @Test
    void itsNameGoesWhenItIsTakenAndItsBytesStay() throws IOException {
        BundleStore store = BundleStore.open(temporary.resolve("store"));
        Bundle bundle = Bundles.write(store, "one", Bundles.memory(temporary));
        try (MemoryFile file = create(Bundles.MEMORY_MIB << 20, 1 << 30)) {
            file.fill(bundle);
            assertThat(file.file()).hasSameBinaryContentAs(bundle.memory());
            file.taken();
            assertThat(tmpfs).isEmptyDirectory();
            // What QEMU does that comes too late; another one, readable by all, is not made.
            assertThatThrownBy(() -> Files.createFile(file.file())).isInstanceOf(NoSuchFileException.class);
            try (BundleWriter writer = store.begin("two", 1)) {
                writer.state(Files.newInputStream(bundle.state()));
                file.save(writer);
                writer.commit(Bundles.machine());
            }
        }
        assertThat(store.open("two").memory()).hasSameBinaryContentAs(bundle.memory());
    }
}
