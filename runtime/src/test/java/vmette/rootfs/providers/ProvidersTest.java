package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.BadImageException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

class ProvidersTest {
    @TempDir
    Path base;

    private final TarProvider tar = new TarProvider();
    private final SquashfsProvider squashfs = new SquashfsProvider();
    private final byte[] archive = new Tar().file("f", "content").bytes();

    private RootfsRequest request(String spec, boolean offline) throws IOException {
        Path cache = base.resolve("cache");
        CacheFiles.makeDirectory(cache);
        return new RootfsRequest(spec, cache, 1 << 20, offline, RootfsProgress.NONE);
    }

    private RootfsArtifact.Image resolve(RootfsProvider provider, String spec) throws IOException {
        assertThat(provider.accepts(spec)).isTrue();
        return (RootfsArtifact.Image) provider.resolve(request(spec, false));
    }

    private List<Path> images() throws IOException {
        return CacheFiles.list(base.resolve("cache/images"), "*.squashfs");
    }

    @Test
    void archivesOfEveryCompressionBecomeImages() throws Exception {
        Path file = base.resolve("a.tar");
        for (byte[] each : List.of(archive, Tar.gzip(archive), Zstd.compress(archive))) {
            Files.write(file, each);
            try (RootfsArtifact.Image image = resolve(tar, "tar+file://" + file)) {
                assertThat(Unsquashed.content(image.file(), "f")).isEqualTo("content");
            }
        }
        assertThat(images()).hasSize(3);
    }

    @Test
    void anEqualArchiveIsNotMadeTwiceAndAChangedOneIs() throws Exception {
        Path one = Files.write(base.resolve("one.tar"), archive);
        Path two = Files.write(base.resolve("two.tar"), archive);
        resolve(tar, "tar+file://" + one).close();
        resolve(tar, "tar+file:" + two).close();
        assertThat(images()).hasSize(1);
        Files.write(one, new Tar().file("g", "other").bytes());
        try (RootfsArtifact.Image image = resolve(tar, "tar+file://" + one)) {
            assertThat(Unsquashed.content(image.file(), "g")).isEqualTo("other");
        }
    }

    @Test
    void anArchiveBeyondTheLimitIsNotEvenRead() throws Exception {
        Path file = Files.write(base.resolve("large.tar"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> resolve(tar, "tar+file://" + file))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(file.toString());
        assertThat(base.resolve("cache/digests")).doesNotExist();
    }

    @Test
    void anArchiveThatChangesWhileItIsReadIsNotKeptUnderItsFormerDigest() throws Exception {
        Path file = Files.write(base.resolve("a.tar"), archive);
        String identity = FileIdentity.of(file);
        Files.write(file, new Tar().file("f", "changed").bytes());
        LayerSource layer = new FileLayer("a.tar", file, identity);
        assertThatThrownBy(
                        () -> new ImageStore().image("former", ImageDefaults.NONE, List.of(layer), request("x", true)))
                .isInstanceOf(VmetteException.class)
                .hasMessageContaining("changed while it was read");
        assertThat(images()).isEmpty();
    }

    @Test
    void anArchiveOfAServerIsFetchedOnceAndNotKept() throws Exception {
        try (FlakyServer server = new FlakyServer()) {
            server.content = Tar.gzip(archive);
            String spec = "tar+" + server.uri();
            resolve(tar, spec).close();
            try (RootfsArtifact.Image image = resolve(tar, spec)) {
                assertThat(Unsquashed.content(image.file(), "f")).isEqualTo("content");
            }
            assertThat(server.asked).containsExactly("all", "all unless \"1\"");
            assertThat(base.resolve("cache/downloads")).isDirectoryNotContaining("regex:.*/[0-9a-f]{64}");
            tar.resolve(request(spec, true)).close();
            assertThat(server.asked).hasSize(2);
            Files.delete(images().get(0));
            resolve(tar, spec).close();
            assertThat(server.asked).last().isEqualTo("all");
        }
    }

    @Test
    void anImageIsUsedInItsPlace() throws Exception {
        Path file = image();
        try (RootfsArtifact.Image image = resolve(squashfs, "squashfs+file://" + file)) {
            assertThat(image.file()).isEqualTo(file);
        }
        assertThat(file).exists();
    }

    @Test
    void anImageOfAServerIsUsedFromTheCache() throws Exception {
        byte[] content = Files.readAllBytes(image());
        try (FlakyServer server = new FlakyServer()) {
            server.content = content;
            try (RootfsArtifact.Image image = resolve(squashfs, "squashfs+" + server.uri())) {
                assertThat(image.file()).hasBinaryContent(content);
            }
            server.content = "<html>".getBytes(StandardCharsets.UTF_8);
            server.etag = "\"2\"";
            assertThatThrownBy(() -> resolve(squashfs, "squashfs+" + server.uri()))
                    .isInstanceOf(BadImageException.class)
                    .hasMessageContaining(server.uri().toString())
                    .hasMessageContaining("hsqs");
        }
    }

    private Path image() throws Exception {
        Path file = Files.write(base.resolve("image.tar"), archive);
        try (RootfsArtifact.Image image = resolve(tar, "tar+file://" + file)) {
            return Files.copy(image.file(), base.resolve("image.squashfs"));
        }
    }

    static Stream<Arguments> badImages() {
        return Stream.of(
                bad("empty", image -> new byte[0], "hsqs"),
                bad("shorter than a superblock", image -> Arrays.copyOf(image, 95), "hsqs"),
                bad("of another magic", image -> changed(image, 0, 0x68737173), "hsqs"),
                bad("of an older version", image -> changed(image, 28, 3), "version 3"),
                bad("cut off", image -> Arrays.copyOf(image, 200), "cut off"),
                bad("of a length beyond its end", image -> changed(image, 40, Integer.MAX_VALUE), "cut off"),
                bad("of a negative length", image -> changed(image, 44, -1), "cut off"),
                bad("of no length", image -> changed(image, 40, 0), "cut off"));
    }

    private static Arguments bad(String title, UnaryOperator<byte[]> change, String why) {
        return Arguments.of(title, change, why);
    }

    private static byte[] changed(byte[] image, int offset, int value) {
        ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).putInt(offset, value);
        return image;
    }

    @ParameterizedTest(name = "an image {0}")
    @MethodSource("badImages")
    void aBadImageIsRefused(String title, UnaryOperator<byte[]> change, String why) throws Exception {
        Path file = image();
        Files.write(file, change.apply(Files.readAllBytes(file)));
        assertThatThrownBy(() -> resolve(squashfs, "squashfs+file://" + file))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///none/at/all",
                "file:",
                "file:///",
                "file:///dev/null",
                "http://",
                "http://u:p@h/x",
                "https:///x"
            })
    void whatCanBeNothingIsRefused(String rest) throws IOException {
        RootfsRequest request = request("tar+" + rest, true);
        assertThatThrownBy(() -> tar.resolve(request)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void otherSpecificationsAreOthers() {
        for (String spec : List.of("/", "tar", "tar+ftp://h/x", "oci://tar+file:", "squashfs+file:x")) {
            assertThat(tar.accepts(spec)).isFalse();
        }
        assertThat(squashfs.accepts("squashfs+https://h/x")).isTrue();
        assertThat(squashfs.accepts("squashfs+ftp://h/x")).isFalse();
    }
}
