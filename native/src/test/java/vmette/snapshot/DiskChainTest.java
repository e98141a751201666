package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;

/** With a test in the place of the monitor that writes. */
class DiskChainTest {
    private static final String DEVICE = "vmette-scratch";
    private static final long BYTES = 3 << 20;

    @TempDir
    private Path temporary;

    private Path own;
    private Path memory;
    private BundleStore store;
    private Journal journal;

    @BeforeEach
    void open() throws IOException {
        own = Files.createDirectory(temporary.resolve("own"));
        memory = Bundles.memory(temporary);
        store = BundleStore.open(temporary.resolve("store"));
        journal = Journal.create(temporary.resolve("journal"), new JournalRecord.Began("boot", 1, 2, "/run"));
    }

    @AfterEach
    void close() {
        journal.close();
        assertThat(own).isEmptyDirectory();
    }

    private DiskChain created() {
        return DiskChain.create(DEVICE, BYTES, own, journal, file -> write(file, 1 << 20, "first"));
    }

    private DiskChain over(String bundle) {
        return DiskChain.over(store.open(bundle), DEVICE, BYTES, own, journal);
    }

    private static void write(Path file, long at, String text) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8)), at);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void freeze(DiskChain chain) {
        assertThat(chain.grow()).exists();
        chain.goOn();
    }

    private Bundle save(BundleStore to, DiskChain chain, String name) {
        try (BundleWriter writer = to.begin(name, 1)) {
            writer.state(new ByteArrayInputStream(new byte[10]));
            writer.memory(memory);
            chain.save(writer);
            return writer.commit(Bundles.machine());
        }
    }

    private static Object inode(Path file) throws IOException {
        return Files.getAttribute(file, "unix:ino");
    }

    @Test
    void whatIsFrozenIsLinkedOnceForAllBundles() throws IOException {
        try (DiskChain chain = created()) {
            Path base = chain.top().file();
            assertThat(base).hasSize(BYTES);
            freeze(chain);
            assertThat(chain.beneath()).containsExactly(new DiskChain.Layer(base, false));
            write(chain.top().file(), 1 << 19, "second");
            Bundle one = save(store, chain, "one");
            freeze(chain);
            Bundle two = save(store, chain, "two");
            assertThat(one.manifest().chain(DEVICE))
                    .extracting(DiskFile::format)
                    .containsExactly("raw");
            assertThat(two.manifest().chain(DEVICE))
                    .extracting(DiskFile::format)
                    .containsExactly("raw", "qcow2");
            assertThat(inode(two.disk(DEVICE + ".0"))).isEqualTo(inode(base)).isEqualTo(inode(one.disk(DEVICE + ".0")));
            assertThat(Files.readString(journal.file())).contains(" file " + base);
        }
        store.open("one").verify();
        store.open("two").verify();
        store.remove("one");
        store.open("two").verify();
        assertThat(store.open("two").disk(DEVICE + ".0")).hasSize(BYTES);
    }

    @Test
    void whatIsOnAnotherFileSystemIsCopied() throws IOException {
        Path elsewhere = Path.of("/dev/shm");
        assumeThat(Files.isWritable(elsewhere)).as("there is a tmpfs").isTrue();
        Path root = Files.createTempDirectory(elsewhere, "disks");
        assumeThat(Files.getAttribute(root, "unix:dev")).isNotEqualTo(Files.getAttribute(own, "unix:dev"));
        try (DiskChain chain = created()) {
            BundleStore other = BundleStore.open(root);
            freeze(chain);
            try (BundleWriter writer = other.begin("probe", 1)) {
                assertThat(chain.isLinkedBy(writer)).isFalse();
            }
            try (BundleWriter writer = store.begin("probe", 1)) {
                assertThat(chain.isLinkedBy(writer)).isTrue();
            }
            Bundle bundle = save(other, chain, "one");
            assertThat(bundle.disk(DEVICE + ".0"))
                    .hasSameBinaryContentAs(chain.beneath().get(0).file());
            bundle.verify();
        } finally {
            Trees.remove(root);
        }
    }

    /** Its VM's end must not wait for as long as a disk takes. */
    @Test
    void theEndOfAVmEndsWhatIsDoneForItsSave() throws Exception {
        DiskChain chain = created();
        freeze(chain);
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Void> flattening = CompletableFuture.runAsync(
                () -> chain.flatten((layers, to) -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new SaveFailedException("interrupted", e);
                    }
                }),
                each -> new Thread(each).start());
        begun.await();
        CompletableFuture.runAsync(chain::close, each -> new Thread(each).start())
                .get(30, TimeUnit.SECONDS);
        assertThatThrownBy(flattening::join)
                .cause()
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("its VM has ended");
    }

    @Test
    void aCloneNeedsNotTheBundleThatItCameFrom() throws IOException {
        byte[] first;
        try (DiskChain chain = created()) {
            freeze(chain);
            save(store, chain, "one");
            first = Files.readAllBytes(store.open("one").disk(DEVICE + ".0"));
        }
        try (DiskChain clone = over("one")) {
            assertThat(clone.beneath())
                    .containsExactly(new DiskChain.Layer(store.open("one").disk(DEVICE + ".0"), false));
            assertThat(clone.top().overlay()).isTrue();
            assertThat(Qcow2.wrong(clone.top().file(), BYTES)).isEmpty();
            store.remove("one");
            freeze(clone);
            Bundle two = save(store, clone, "two");
            two.verify();
            assertThat(two.disk(DEVICE + ".0")).hasBinaryContent(first);
            assertThat(two.manifest().chain(DEVICE)).hasSize(2);
        }
    }

    @Test
    void anOverlayThatIsNotUsedGoes() throws IOException {
        try (DiskChain chain = created();
                Stream<Path> files = Files.list(own)) {
            assertThat(files).hasSize(1);
            Path grown = chain.grow();
            chain.giveUp();
            assertThat(grown).doesNotExist();
            chain.goOn();
            assertThat(chain.beneath()).isEmpty();
            assertThat(chain.linksOfNext()).isEqualTo(1);
        }
    }

    @Test
    void aChainIsFlattenedToOneFile() {
        try (DiskChain chain = created()) {
            freeze(chain);
            freeze(chain);
            assertThatThrownBy(() -> chain.flatten((layers, to) -> {
                        throw new SaveFailedException("as the test wants it", null);
                    }))
                    .isInstanceOf(SaveFailedException.class);
            assertThat(chain.beneath()).hasSize(2);
            assertThat(chain.base()).isEmpty();
            List<DiskChain.Layer> former = chain.beneath();
            chain.flatten((layers, to) -> {
                assertThat(layers).extracting(DiskChain.Layer::overlay).containsExactly(false, true);
                copy(layers.get(0).file(), to);
            });
            assertThat(former).allSatisfy(layer -> assertThat(layer.file()).doesNotExist());
            assertThat(chain.beneath()).hasSize(1);
            assertThat(chain.base()).contains(chain.beneath().get(0).file());
            Bundle bundle = save(store, chain, "one");
            assertThat(bundle.manifest().chain(DEVICE)).hasSize(1);
            bundle.verify();
        }
    }

    private static void copy(Path from, Path to) {
        try {
            Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As another program would have left it: it names a file beneath it. */
    private static void name(Path overlay) throws IOException {
        try (FileChannel channel = FileChannel.open(overlay, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(12).putLong(512).putInt(11).flip(), 8);
        }
    }

    @Test
    void whatIsNoOverlayOfOursIsNeitherSavedNorFlattened() throws IOException {
        try (DiskChain chain = created()) {
            freeze(chain);
            name(chain.top().file());
            freeze(chain);
            assertThatThrownBy(() -> save(store, chain, "one"))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("names a file beneath it");
            assertThatThrownBy(() -> chain.flatten((layers, to) -> fail("flattened")))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("names a file beneath it");
        }
    }

    @Test
    void whatIsNoOverlayOfOursIsNotRestored() throws IOException {
        try (DiskChain chain = created()) {
            freeze(chain);
            freeze(chain);
            name(save(store, chain, "one").disk(DEVICE + ".1"));
        }
        assertThatThrownBy(() -> over("one"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("disks/vmette-scratch.1 names a file beneath it");
    }

    @Test
    void anotherSizeOrNoSuchDiskIsRefused() {
        try (DiskChain chain = created()) {
            freeze(chain);
            save(store, chain, "one");
        }
        Bundle bundle = store.open("one");
        assertThatThrownBy(() -> DiskChain.over(bundle, DEVICE, BYTES << 1, own, journal))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("is a disk of 3145728 bytes instead of 6291456");
        assertThatThrownBy(() -> DiskChain.over(bundle, "other", BYTES, own, journal))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("has no disk other");
    }

    @Test
    void afterItsEndNothingIsSaved() {
        DiskChain chain = created();
        chain.close();
        chain.close();
        assertThatThrownBy(chain::grow).isInstanceOf(SaveFailedException.class).hasMessageContaining("has ended");
        assertThatThrownBy(() -> save(store, chain, "one")).isInstanceOf(SaveFailedException.class);
    }
}
