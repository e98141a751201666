package vmette.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.SaveFailedException;
import vmette.process.ChildProcesses;
import vmette.process.Executables;
import vmette.process.RuntimeDirectory;
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.DiskChain;
import vmette.snapshot.RoomyStores;
import vmette.vmm.SnapshotOrder;

/** Without a monitor: what would be laid over what. */
class DiskSaverTest {
    private static final long MIB = 1 << 20;
    private static final Duration ANY = Duration.ofSeconds(1);

    @TempDir
    private Path base;

    private ChildProcesses children;
    private Path own;
    private DiskChain chain;
    private DiskSaver saver;

    @BeforeEach
    void open() throws IOException {
        children = ChildProcesses.open(RuntimeDirectory.open(base.toString()));
        own = Files.createDirectory(base.resolve("own"));
        chain = DiskChain.create("disk", 8 * MIB, own, children.directory().journal(), zeroes -> fill(zeroes));
        saver = new DiskSaver("vm", Optional.of(chain), children);
    }

    /** 4 MiB that a copy takes, of 8. */
    private static void fill(Path zeroes) {
        try {
            byte[] content = new byte[(int) (8 * MIB)];
            java.util.Arrays.fill(content, 0, (int) (4 * MIB), (byte) 1);
            Files.write(zeroes, content);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void close() {
        chain.close();
        assertThat(own).isEmptyDirectory();
        children.close();
    }

    private BundleStore store(long room) {
        return RoomyStores.open(base.resolve("store"), directory -> room);
    }

    @Test
    void aLinkNeedsNoRoomAndACopyDoes() throws IOException {
        try (BundleWriter writer = store(1).begin("one", 1);
                DiskSaver.Saving saving = saver.begin(writer)) {
            assertThat(saving.order(ANY, true, Optional.empty()).overlays()).containsOnlyKeys("disk");
        }
        Path elsewhere = Path.of("/dev/shm");
        assumeThat(Files.isWritable(elsewhere)).as("there is a tmpfs").isTrue();
        Path root = Files.createTempDirectory(elsewhere, "store");
        try {
            assumeThat(Files.getAttribute(root, "unix:dev")).isNotEqualTo(Files.getAttribute(own, "unix:dev"));
            try (BundleWriter writer =
                    RoomyStores.open(root, directory -> 3 * MIB).begin("one", 1)) {
                assertThatThrownBy(() -> saver.begin(writer))
                        .isInstanceOf(SaveFailedException.class)
                        .hasMessageContaining("has room for 3");
            }
        } finally {
            Files.delete(root);
        }
        // Nothing was made for it.
        assertThat(own.toFile().list()).hasSize(1);
    }

    @Test
    void whatIsNotLaidOverAnythingGoes() {
        try (BundleWriter writer = store(MIB).begin("one", 1)) {
            try (DiskSaver.Saving saving = saver.begin(writer)) {
                assertThat(saving.order(ANY, false, Optional.empty()).overlays().get("disk"))
                        .exists();
            }
            assertThat(own.toFile().list()).hasSize(1);
            try (DiskSaver.Saving saving = saver.begin(writer)) {
                saving.frozen();
            }
        }
        assertThat(own.toFile().list()).hasSize(2);
        assertThat(chain.beneath()).hasSize(1);
    }

    @Test
    void theFifthFileMakesOneOfAllAndThatIsTheNextOrdersBase() {
        assumeThat(Executables.find("qemu-img")).as("there is qemu-img").isPresent();
        BundleStore store = store(64 * MIB);
        for (int i = 1; i <= 6; i++) {
            try (BundleWriter writer = store.begin("b", 1);
                    DiskSaver.Saving saving = saver.begin(writer)) {
                SnapshotOrder order = saving.order(ANY, false, Optional.empty());
                assertThat(order.bases()).hasSize(i < 6 ? 0 : 1);
                saving.frozen();
                saving.write();
            }
            assertThat(chain.beneath()).hasSize(i < 5 ? i : i - 4);
        }
        assertThat(chain.base()).contains(chain.beneath().get(0).file());
        assertThat(chain.beneath().get(0).file()).hasSize(8 * MIB);
    }

    @Test
    void oneSaveAtATime() throws Exception {
        BundleStore store = store(MIB);
        try (BundleWriter first = store.begin("one", 1);
                BundleWriter second = store.begin("two", 1)) {
            CompletableFuture<Void> later;
            try (DiskSaver.Saving saving = saver.begin(first)) {
                later = CompletableFuture.runAsync(() -> {
                    try (DiskSaver.Saving other = saver.begin(second)) {
                        assertThat(other.order(ANY, false, Optional.empty())
                                        .overlays()
                                        .get("disk"))
                                .exists();
                    }
                });
                assertThat(saving.order(ANY, false, Optional.empty()).overlays().get("disk"))
                        .exists();
                assertThat(later).isNotDone();
            }
            later.get(1, TimeUnit.MINUTES);
        }
    }

    @Test
    void aMachineThatWritesToNoDiskHasNothingLaidOver() {
        try (BundleWriter writer = store(MIB).begin("one", 1);
                DiskSaver.Saving saving = new DiskSaver("vm", Optional.empty(), children).begin(writer)) {
            assertThat(saving.order(ANY, true, Optional.empty())).isEqualTo(new SnapshotOrder(ANY, true));
            saving.frozen();
            saving.write();
        }
    }
}
