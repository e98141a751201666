package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static vmette.rootfs.providers.oci.TestImages.directory;
import static vmette.rootfs.providers.oci.TestImages.file;
import static vmette.rootfs.providers.oci.TestImages.hardLink;
import static vmette.rootfs.providers.oci.TestImages.layer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.process.Executables;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.ImageFormat;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsRequest;
import vmette.rootfs.providers.ImageStore;

/** From a reference to a block image, with a real registry and the real image store. */
class OciProviderTest {
    @TempDir
    Path directory;

    private final RecordedProgress progress = new RecordedProgress();
    private final OciProvider provider = new OciProvider(new ImageStore());

    @Test
    void whatItTakesIsToldByTheForm() {
        assertThat(List.of(
                        "oci://debian",
                        "oci://What Ever",
                        "debian:12",
                        "a.b/c",
                        "localhost:5000/x@sha256:" + "0".repeat(64)))
                .allMatch(provider::accepts);
        assertThat(List.of(
                        "",
                        "/srv",
                        "./x",
                        "../x",
                        "~/x",
                        "squashfs+file:///x",
                        "tar+https://a.b/c",
                        "Debian",
                        "ftp://x"))
                .noneMatch(provider::accepts);
        assertThat(provider.name()).isEqualTo("oci");
        assertThat(provider.description()).contains("oci://");
    }

    @Test
    void whatIsNoReferenceIsRefusedWithAnExample() {
        assertThatThrownBy(() -> provider.resolve(request("oci://What Ever\n", false)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("'oci://What Ever?'")
                .hasMessageContaining("debian:12");
        assertThatThrownBy(() -> new OciProvider(new ImageStore(), Duration.ofSeconds(-1)))
                .isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void anImagesLayersBecomeOneBlockImage() throws Exception {
        assumeTrue(Executables.find("sqfstar").isPresent(), "needs Debian's squashfs-tools");
        try (DockerRegistry registry = DockerRegistry.open(directory)) {
            new TestImages(registry.host())
                    .pushImage(
                            "team/app",
                            "v1",
                            "{\"User\":\"1000\",\"Entrypoint\":[\"/bin/run\"]}",
                            layer(directory("etc"), file("etc/gone", "x"), file("etc/kept", "y")),
                            layer(
                                    file("etc/.wh.gone", ""),
                                    directory("bin"),
                                    file("bin/run", "z"),
                                    hardLink("bin/again", "bin/run")));
            String reference = registry.host() + "/team/app:v1";
            Path file;
            try (RootfsArtifact artifact = provider.resolve(request("oci://" + reference, false))) {
                assertThat(artifact.defaults())
                        .isEqualTo(new ImageDefaults(List.of(), "", "1000", List.of("/bin/run"), List.of()));
                RootfsArtifact.Image image = (RootfsArtifact.Image) artifact;
                assertThat(image.format()).isEqualTo(ImageFormat.SQUASHFS);
                file = image.file();
            }
            assertThat(names(file))
                    .contains("/etc/kept", "/bin/run", "/bin/again")
                    .doesNotContain("/etc/gone");

            // without the registry, and without the layers, which the image was made of
            registry.kill();
            try (var blobs = Files.list(cache().resolve("oci/blobs/sha256"))) {
                for (Path blob : blobs.filter(OciProviderTest::isGzip).toList()) {
                    Files.delete(blob);
                }
            }
            try (RootfsArtifact again = provider.resolve(request(reference, true))) {
                assertThat(((RootfsArtifact.Image) again).file()).isEqualTo(file);
            }
        }
    }

    private Path cache() throws IOException {
        return Files.createDirectories(directory.resolve("cache"));
    }

    private RootfsRequest request(String spec, boolean offline) throws IOException {
        return new RootfsRequest(spec, cache(), 64 << 20, offline, progress);
    }

    private static boolean isGzip(Path file) {
        try (var in = Files.newInputStream(file)) {
            return in.read() == 0x1f && in.read() == 0x8b;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static List<String> names(Path image) throws Exception {
        Process process = new ProcessBuilder("unsquashfs", "-l", "-d", "", image.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().map(String::strip).toList();
    }
}
