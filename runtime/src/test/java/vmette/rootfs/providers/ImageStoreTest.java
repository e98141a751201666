package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.BadImageException;
import vmette.linux.LockFile;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

class ImageStoreTest {
    @TempDir
    Path cache;

    private final ImageStore store = new ImageStore();

    private RootfsArtifact.Image image(byte[]... layers) {
        List<LayerSource> sources =
                Arrays.stream(layers).map(each -> Tar.layer("layer", each)).toList();
        return store.image(Arrays.deepToString(layers), ImageDefaults.NONE, sources, request());
    }

    private RootfsRequest request() {
        return new RootfsRequest("test", cache, 1 << 24, true, RootfsProgress.NONE);
    }

    private Map<String, String> listing(byte[]... layers) throws Exception {
        try (RootfsArtifact.Image image = image(layers)) {
            return Unsquashed.listing(image.file());
        }
    }

    @Test
    void allKindsOfFilesKeepWhatTheyAre() throws Exception {
        byte[] archive = new Tar()
                .add(new TarEntry("./", EntryKind.DIRECTORY, 0711, 3, 4, 1000, 0, "", 0, 0, Map.of()), "")
                .directory("a", 01777)
                .add(
                        new TarEntry("a/f", EntryKind.FILE, 04755, 70000, 3_000_000_000L, 1000, 5, "", 0, 0, Map.of()),
                        "hello")
                .symlink("s", "../a/f")
                .hardLink("h", "a/f")
                .add(new TarEntry("null", EntryKind.CHARACTER_DEVICE, 0666, 0, 0, 0, 0, "", 1, 3, Map.of()), "")
                .add(new TarEntry("vda", EntryKind.BLOCK_DEVICE, 0660, 0, 6, 0, 0, "", 254, 0, Map.of()), "")
                .add(new TarEntry("p", EntryKind.FIFO, 0600, 1, 1, 0, 0, "", 0, 0, Map.of()), "")
                .file("implied/" + "long".repeat(60) + "/x", "y")
                .bytes();
        try (RootfsArtifact.Image image = image(archive)) {
            assertThat(image.format()).isEqualTo(ImageFormat.SQUASHFS);
            assertThat(Unsquashed.listing(image.file()))
                    .containsEntry("/", "drwx--x--x 0/0")
                    .containsEntry("/a", "drwxrwxrwt 0/0")
                    .containsEntry("/a/f", "-rwsr-xr-x 70000/3000000000 5")
                    .containsEntry("/s", "lrwxrwxrwx 0/0 6 -> ../a/f")
                    .containsEntry("/h", "-rwsr-xr-x 70000/3000000000 5")
                    .containsEntry("/null", "crw-rw-rw- 0/0 1,3")
                    .containsEntry("/vda", "brw-rw---- 0/6 254,0")
                    .containsEntry("/p", "prw------- 1/1 0")
                    .containsEntry("/implied", "drwxr-xr-x 0/0")
                    .containsEntry("/implied/" + "long".repeat(60) + "/x", "-rw-r--r-- 0/0 1")
                    .hasSize(11);
            assertThat(Unsquashed.content(image.file(), "a/f")).isEqualTo("hello");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(image.file())))
                    .isEqualTo("rw-------");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache.resolve("images"))))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void upperLayersHideReplaceAndRemove() throws Exception {
        byte[] lower = new Tar()
                .directory("d", 0755)
                .file("d/gone", "1")
                .file("d/kept", "2")
                .directory("opaque", 0700)
                .file("opaque/old", "3")
                .file("replaced", "4")
                .hardLink("survivor", "replaced")
                .bytes();
        byte[] upper = new Tar()
                .file("d/.wh.gone", "")
                .file("opaque/new", "5")
                .file("opaque/.wh..wh..opq", "")
                .file("replaced", "44")
                .bytes();
        try (RootfsArtifact.Image image = image(lower, Tar.gzip(upper))) {
            assertThat(Unsquashed.listing(image.file()).keySet())
                    .containsExactly("/", "/d", "/d/kept", "/opaque", "/opaque/new", "/replaced", "/survivor");
            assertThat(Unsquashed.content(image.file(), "replaced")).isEqualTo("44");
            assertThat(Unsquashed.content(image.file(), "survivor")).isEqualTo("4");
        }
    }

    @Test
    void attributesAreInTheImage() throws Exception {
        assumeTrue(
                Files.getFileStore(cache).supportsFileAttributeView(UserDefinedFileAttributeView.class),
                "no extended attributes in " + cache);
        byte[] archive = new Tar()
                .add(
                        Tar.entry(
                                "f",
                                EntryKind.FILE,
                                0644,
                                0,
                                "",
                                Map.of("user.k", "\0\377\n=", "trusted.overlay.opaque", "y")),
                        "")
                .bytes();
        Path unpacked = cache.resolve("unpacked");
        try (RootfsArtifact.Image image = image(archive)) {
            Unsquashed.run(
                    "unsquashfs",
                    "-no-progress",
                    "-user-xattrs",
                    "-d",
                    unpacked.toString(),
                    image.file().toString());
        }
        UserDefinedFileAttributeView view =
                Files.getFileAttributeView(unpacked.resolve("f"), UserDefinedFileAttributeView.class);
        ByteBuffer value = ByteBuffer.allocate(10);
        assertThat(view.list()).containsExactly("k");
        assertThat(view.read("k", value)).isEqualTo(4);
        assertThat(Arrays.copyOf(value.array(), 4)).isEqualTo(new byte[] {0, -1, '\n', '='});
    }

    @Test
    void anImageIsMadeOnceAndHeldWhileItIsUsed() throws Exception {
        byte[] archive = new Tar().file("f", "1").bytes();
        RootfsArtifact.Image first = image(archive);
        RootfsArtifact.Image second = store.image(
                Arrays.deepToString(new byte[][] {archive}),
                ImageDefaults.NONE,
                List.of(Tar.layer("never read", new byte[] {1})),
                request());
        Path lock = first.file()
                .resolveSibling(first.file().getFileName().toString().replace(".squashfs", ".lock"));
        assertThat(second.file()).isEqualTo(first.file());
        first.close();
        assertThat(LockFile.tryLock(lock, true)).isEmpty();
        second.close();
        assertThat(LockFile.tryLock(lock, true)).hasValueSatisfying(fd -> fd.close());
    }

    @Test
    void aRefusedLayerLeavesNoFileBehind() throws IOException {
        assertThatThrownBy(() -> image(new Tar().file("../f", "").bytes()))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("layer")
                .hasMessageContaining("'../f'");
        assertThat(CacheFiles.list(cache.resolve("images"), "*"))
                .allSatisfy(left -> assertThat(left.toString()).endsWith(".lock"));
    }

    @Test
    void theRootIsReadableWithoutAnEntryOfItsOwn() throws Exception {
        assertThat(listing(new Tar().file("f", "").bytes())).containsEntry("/", "drwxr-xr-x 0/0");
    }
}
