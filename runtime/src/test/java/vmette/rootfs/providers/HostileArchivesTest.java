package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.errors.BadImageException;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

/** Each hostile archive is refused or contained, and none of them writes anything outside the cache. */
class HostileArchivesTest {
    @TempDir
    static Path base;

    private static Map<String, String> before;

    @BeforeAll
    static void prepare() throws IOException {
        Files.createDirectory(base.resolve("cache"));
        Files.writeString(Files.createDirectory(base.resolve("outside")).resolve("secret"), "safe");
        before = outside();
    }

    static List<HostileArchives.Case> cases() {
        return HostileArchives.all(base.resolve("outside/secret").toString());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void isRefusedOrContained(HostileArchives.Case each) throws Exception {
        List<LayerSource> layers = new ArrayList<>();
        each.layers().forEach(layer -> layers.add(Tar.layer("the archive", layer)));
        RootfsRequest request =
                new RootfsRequest("test", base.resolve("cache"), HostileArchives.MOST, true, RootfsProgress.NONE);
        ImageStore store = new ImageStore();
        if (!each.refusal().isEmpty()) {
            assertThatThrownBy(() -> store.image(each.title(), ImageDefaults.NONE, layers, request))
                    .isInstanceOf(BadImageException.class)
                    .hasMessageContaining("the archive")
                    .hasMessageContaining(each.refusal());
            assertThat(store.has(each.title(), request)).isFalse();
            return;
        }
        try (RootfsArtifact.Image image = store.image(each.title(), ImageDefaults.NONE, layers, request)) {
            long names = Unsquashed.run(
                            "unsquashfs", "-l", "-no-progress", image.file().toString())
                    .split("(^|\n)squashfs-root", -1)
                    .length;
            assertThat(names - 1)
                    .as("names in the image")
                    .isEqualTo(each.names().size() + 1);
            assertThat(Flattened.of(HostileArchives.MOST, each.layers().toArray(byte[][]::new))
                            .keySet())
                    .isEqualTo(each.names());
        }
    }

    @AfterAll
    static void nothingWasWrittenOutsideTheCache() throws IOException {
        assertThat(outside()).isEqualTo(before);
        assertThat(base.resolve("outside/secret")).hasContent("safe");
        assertThat(CacheFiles.list(base, "*"))
                .containsExactlyInAnyOrder(base.resolve("cache"), base.resolve("outside"));
        assertThat(CacheFiles.list(base.resolve("cache"), "*")).containsExactly(base.resolve("cache/images"));
        assertThat(CacheFiles.list(base.resolve("cache/images"), "*")).allSatisfy(left -> assertThat(left.toString())
                .matches(".*/[0-9a-f]{64}\\.(squashfs|properties|lock)"));
    }

    private static Map<String, String> outside() throws IOException {
        Map<String, String> found = new TreeMap<>();
        try (Stream<Path> tree = Files.walk(base.resolve("outside"))) {
            for (Path each : tree.toList()) {
                found.put(
                        each.toString(),
                        Files.readAttributes(each, "unix:mode,nlink,ino,size,ctime", LinkOption.NOFOLLOW_LINKS)
                                .toString());
            }
        }
        return found;
    }
}
