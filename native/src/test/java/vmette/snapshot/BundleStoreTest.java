package vmette.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteIoException;
import vmette.linux.FileExtents;
import vmette.linux.OwnedFd;

class BundleStoreTest {
    @TempDir
    private Path temporary;

    private BundleStore store;
    private Path memory;

    @BeforeEach
    void open() throws IOException {
        store = BundleStore.open(temporary.resolve("store"));
        memory = Bundles.memory(temporary);
    }

    private String[] files() {
        return store.root().toFile().list();
    }

    @Test
    void aBundleIsWrittenListedVerifiedAndRemoved() throws IOException {
        Bundle bundle = Bundles.write(store, "golden", memory);
        assertThat(store.names()).containsExactly("golden");
        store.open("golden").verify();
        assertThat(bundle.memory()).hasSameBinaryContentAs(memory);
        assertThat(bundle.disk("scratch")).hasSameBinaryContentAs(memory);
        assertThat(FileExtents.allocated(bundle.memory())).isLessThan(FileExtents.allocated(memory));
        assertThat(Files.getPosixFilePermissions(bundle.directory()))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(store.remove("golden")).isTrue();
        assertThat(store.remove("golden")).isFalse();
        assertThat(files()).isEmpty();
    }

    @Test
    void whatIsNotCommittedLeavesNothing() {
        try (BundleWriter writer = store.begin("half", 1)) {
            Bundles.fill(writer, memory);
            assertThat(files()).hasSize(1);
            // Not even beside others who look: its writer lives.
            assertThat(store.names()).isEmpty();
            assertThat(files()).hasSize(1);
        }
        assertThat(files()).isEmpty();
        assertThatThrownBy(() -> store.open("half")).isInstanceOf(RestoreFailedException.class);
    }

    @Test
    void whatADeadWriterLeftGoesWithTheNextLook() throws IOException {
        for (String left : new String[] {".vmette-new-0123456789abcdef", ".vmette-old-0123456789abcdef"}) {
            Path directory = Files.createDirectories(store.root().resolve(left).resolve("disks"), BundleStore.PRIVATE);
            Files.writeString(directory.resolve("scratch"), "x");
        }
        Files.createDirectory(store.root().resolve(".mine"));
        assertThat(store.names()).isEmpty();
        assertThat(files()).containsExactly(".mine");
    }

    @Test
    void aNameIsGivenOnce() {
        try (BundleWriter first = store.begin("one", 1);
                BundleWriter second = store.begin("one", 1)) {
            Bundles.fill(first, memory);
            Bundles.fill(second, memory);
            first.commit(Bundles.machine());
            assertThatThrownBy(() -> second.commit(Bundles.machine()))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("there is a snapshot one already");
        }
        assertThatThrownBy(() -> store.begin("one", 1)).isInstanceOf(SaveFailedException.class);
        store.open("one").verify();
        assertThat(files()).containsExactly("one");
    }

    @Test
    void whatIsHeldIsNotRemoved() {
        Bundles.write(store, "one", memory);
        try (OwnedFd held = store.hold("one")) {
            assertThat(held.isClosed()).isFalse();
            assertThatThrownBy(() -> store.remove("one"))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("in use");
        }
        assertThat(store.remove("one")).isTrue();
        assertThatThrownBy(() -> store.hold("one")).isInstanceOf(RestoreFailedException.class);
    }

    /** Each save looks for what dead writers have left, and takes one that has no lock yet for such. */
    @Test
    void whoBeginsIsNotDisturbedByThoseWhoLook() {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> looking = CompletableFuture.runAsync(
                () -> {
                    while (!over.get()) {
                        BundleStore.sweep(store.root());
                    }
                },
                each -> new Thread(each).start());
        try {
            for (int i = 0; i < 2000; i++) {
                store.begin("one", 1).close();
            }
        } finally {
            over.set(true);
            looking.join();
        }
        assertThat(files()).isEmpty();
    }

    @Test
    void aDirectoryOfDisksMustBeThisUsersOwn() throws IOException {
        Bundle bundle = Bundles.write(store, "one", memory);
        Path disks = bundle.disk("scratch").getParent();
        Files.setPosixFilePermissions(disks, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> store.open("one"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("disks is of user")
                .hasMessageContaining("decides what VMs do");
        Files.setPosixFilePermissions(disks, PosixFilePermissions.fromString("rwx------"));
        Files.move(disks, temporary.resolve("elsewhere"));
        Files.createSymbolicLink(disks, temporary.resolve("elsewhere"));
        assertThatThrownBy(() -> store.open("one"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("disks is no directory");
        Files.delete(disks);
        assertThatThrownBy(() -> store.open("one"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("disks is missing");
    }

    @Test
    void tooLittleRoomIsRefusedBeforeAnythingIsWritten() {
        BundleStore small = BundleStore.open(store.root(), path -> 5 << 20);
        assertThatThrownBy(() -> small.begin("one", 6 << 20))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("needs 6 MiB")
                .hasMessageContaining("room for 5");
        assertThat(files()).isEmpty();
    }

    @Test
    void aStateWithoutEndOrWithoutBytesIsRefused() {
        try (BundleWriter writer = store.begin("one", 1)) {
            assertThatThrownBy(() -> writer.state(new ByteArrayInputStream(new byte[0])))
                    .isInstanceOf(SaveFailedException.class);
        }
        InputStream endless = new InputStream() {
            @Override
            public int read() {
                return 1;
            }

            @Override
            public int read(byte[] to, int offset, int length) {
                return length;
            }
        };
        try (BundleWriter writer = store.begin("one", 1)) {
            assertThatThrownBy(() -> writer.state(endless))
                    .isInstanceOf(SaveFailedException.class)
                    .hasMessageContaining("64 MiB");
        }
        assertThat(files()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", ".vmette-new-0123456789abcdef", "a/b", "../a", "a b", "-a", "ä", "a\n"})
    void noSuchName(String name) {
        assertThatThrownBy(() -> store.open(name)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> store.begin(name, 1)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> store.remove(name)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> store.hold(name)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aDirectoryOpenToOthersIsRefused() throws IOException {
        Files.setPosixFilePermissions(store.root(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertThatThrownBy(() -> BundleStore.open(store.root()))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("chmod 700");
    }

    @Test
    void whatDiffersIsNamed() {
        Bundle bundle = Bundles.write(store, "one", memory);
        bundle.requireFits(Bundles.machine());
        assertThatThrownBy(() -> bundle.requireFits(Bundles.machine("8.1.0", "c".repeat(64))))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("the version of qemu was 7.2.22 and is 8.1.0")
                .hasMessageContaining("the kernel (SHA-256) was aaaaaaaaaaaa and is cccccccccccc");
    }

    @Test
    void anotherVersionAndAForeignFileAreRefused() throws IOException {
        Bundle bundle = Bundles.write(store, "one", memory);
        Path file = bundle.directory().resolve(Bundle.MANIFEST);
        String text = Files.readString(file);
        Bundles.change(file, text.replace("\"version\":2,", "\"version\":3,").getBytes(UTF_8));
        assertThatThrownBy(() -> store.open("one"))
                .hasMessageContaining("has version 3, and this vmette reads version 2");
        Bundles.change(file, "{\"a\":1}".getBytes(UTF_8));
        assertThatThrownBy(() -> store.open("one")).hasMessageContaining("does not say that it is");
        Bundles.change(file, text.replace("\"spec\"", "\"more\":1,\"spec\"").getBytes(UTF_8));
        assertThatThrownBy(() -> store.open("one")).hasMessageContaining("a key that this version does not know");
        Bundles.change(file, text.getBytes(UTF_8));
        Files.delete(bundle.state());
        assertThatThrownBy(() -> store.open("one")).hasMessageContaining("device-state is missing");
        // And can be removed all the same.
        assertThat(store.remove("one")).isTrue();
    }

    /** Somebody has said that snapshots are in his home directory, and then removes all. */
    @Test
    void aDirectoryWithOtherThingsInItIsNotRemoved() throws IOException {
        Path thesis = Files.createDirectory(store.root().resolve("thesis")).resolve("chapter\n1");
        Files.writeString(thesis, "mine");
        assertThatThrownBy(() -> store.remove("thesis"))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("thesis is left as it is: there is chapter?1 in it");
        assertThat(thesis).hasContent("mine");
        Files.delete(thesis);
        // What has nothing in it is what is left of one.
        assertThat(store.remove("thesis")).isTrue();
    }

    @Test
    void memoryThatIsCutIsRefused() throws IOException {
        Bundle bundle = Bundles.write(store, "one", memory);
        try (var channel =
                java.nio.channels.FileChannel.open(bundle.memory(), java.nio.file.StandardOpenOption.WRITE)) {
            channel.truncate(3 << 20);
        }
        assertThatThrownBy(() -> store.open("one"))
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("memory is cut");
    }
}
