package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.BadImageException;
import vmette.errors.InvalidConfigException;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

class DirectoryImageTest {
    @TempDir
    Path base;

    private Path tree;
    private final DirectoryImage images = new DirectoryImage();

    @BeforeEach
    void plant() throws IOException {
        Files.createDirectory(base.resolve("cache"));
        tree = Files.createDirectory(base.resolve("tree"));
        Files.createDirectories(tree.resolve("d/empty"));
        Files.writeString(tree.resolve("d/f"), "content");
        Files.setPosixFilePermissions(tree.resolve("d/f"), PosixFilePermissions.fromString("rwxr-x---"));
        Files.createLink(tree.resolve("hard"), tree.resolve("d/f"));
        Files.createSymbolicLink(tree.resolve("soft"), Path.of("/nowhere/ä"));
        Files.writeString(tree.resolve("ä b%c"), "");
    }

    private RootfsArtifact.Image image(long most) {
        return images.image(tree, new RootfsRequest("test", base.resolve("cache"), most, true, RootfsProgress.NONE));
    }

    @Test
    void theImageIsLikeTheDirectory() throws Exception {
        String owners = Files.getAttribute(tree, "unix:uid") + "/" + Files.getAttribute(tree, "unix:gid");
        try (RootfsArtifact.Image image = image(1 << 20)) {
            Map<String, String> listing = Unsquashed.listing(image.file());
            assertThat(listing)
                    .containsEntry("/d/f", "-rwxr-x--- " + owners + " 7")
                    .containsEntry("/hard", "-rwxr-x--- " + owners + " 7")
                    .containsKeys("/", "/d", "/d/empty", "/soft", "/" + bytes("ä b%c"))
                    .hasSize(7);
            assertThat(listing.get("/soft")).endsWith(" -> " + bytes("/nowhere/ä"));
            assertThat(Unsquashed.content(image.file(), "hard")).isEqualTo("content");
            assertThat(Squashfs.read(image.file()).inodes()).isEqualTo(6);
        }
    }

    @Test
    void itIsMadeAgainWhenAnythingHasChanged() throws IOException {
        Path first;
        try (RootfsArtifact.Image image = image(1 << 20)) {
            first = image.file();
        }
        try (RootfsArtifact.Image image = image(1 << 20)) {
            assertThat(image.file()).isEqualTo(first);
        }
        Files.writeString(tree.resolve("d/f"), "CONTENT");
        Files.setLastModifiedTime(tree.resolve("d/f"), FileTime.fromMillis(5_000));
        try (RootfsArtifact.Image image = image(1 << 20)) {
            assertThat(image.file()).isNotEqualTo(first);
        }
    }

    @Test
    void attributesComeAlong() throws Exception {
        assumeTrue(
                Files.getFileStore(tree).supportsFileAttributeView(UserDefinedFileAttributeView.class),
                "no extended attributes in " + tree);
        Files.getFileAttributeView(tree.resolve("d/f"), UserDefinedFileAttributeView.class)
                .write("k", ByteBuffer.wrap(new byte[] {0, -1}));
        Map<String, Flattened.File> files;
        try (InputStream in = new DirectoryTar(tree, base.resolve("cache"))) {
            files = Flattened.of(in.readAllBytes());
        }
        assertThat(files.get("hard").entry().attributes()).containsEntry("user.k", "\0\377");
    }

    @Test
    void theCacheMayLieWithinTheDirectory() throws Exception {
        tree = base;
        try (RootfsArtifact.Image image = image(1 << 20)) {
            assertThat(Unsquashed.listing(image.file()).keySet())
                    .contains("/cache", "/tree/d/f")
                    .noneMatch(name -> name.startsWith("/cache/"));
        }
    }

    @Test
    void aTreeThatIsTooLargeIsRefused() {
        assertThatThrownBy(() -> image(2048))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(tree.toString())
                .hasMessageContaining("2048");
    }

    @Test
    void whatIsNoDirectoryIsRefused() {
        RootfsRequest request = new RootfsRequest("test", base.resolve("cache"), 1, true, RootfsProgress.NONE);
        assertThatThrownBy(() -> images.image(tree.resolve("d/f"), request)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> images.image(Path.of("relative"), request)).isInstanceOf(InvalidConfigException.class);
    }

    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }
}
