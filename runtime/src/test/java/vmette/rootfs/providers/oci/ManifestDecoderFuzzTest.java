package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

class ManifestDecoderFuzzTest {
    /** The input is what a registry sends for a manifest, and for a configuration. */
    @FuzzTest
    void anyBytesAreRefusedOrMeanOneThing(byte[] bytes) {
        try {
            ManifestDocument document = ManifestDecoder.manifest(bytes);
            if (document instanceof ManifestDocument.Image image) {
                assertThat(image.layers())
                        .hasSizeLessThanOrEqualTo(ManifestDecoder.MAX_LAYERS)
                        .allSatisfy(layer -> {
                            assertThat(layer.mediaType()).isIn(MediaTypes.LAYERS);
                            assertSafe(layer);
                        });
                assertThat(image.config().mediaType()).isIn(MediaTypes.CONFIGS);
                assertThat(image.config().size()).isLessThanOrEqualTo(OciJson.MAX_BYTES);
                assertSafe(image.config());
            } else if (document instanceof ManifestDocument.Index index) {
                assertThat(index.manifests()).allSatisfy(entry -> {
                    assertThat(entry.size()).isLessThanOrEqualTo(OciJson.MAX_BYTES);
                    assertSafe(entry);
                });
            }
            assertThat(ManifestDecoder.manifest(encoded(document))).isEqualTo(document);
        } catch (InvalidImageException refused) {
            assertSayable(refused);
        }
        try {
            ImageConfig config = ManifestDecoder.config(bytes);
            assertThat(config.defaults().environment())
                    .allSatisfy(variable -> assertThat(variable.indexOf('=')).isPositive());
            assertThat(Stream.of(
                                    config.defaults().environment(),
                                    config.defaults().entrypoint(),
                                    config.defaults().command(),
                                    List.of(
                                            config.defaults().directory(),
                                            config.defaults().user()))
                            .flatMap(List::stream))
                    .noneMatch(text -> text.indexOf('\0') >= 0);
        } catch (InvalidImageException refused) {
            assertSayable(refused);
        }
    }

    private static void assertSafe(Descriptor descriptor) {
        assertThat(descriptor.size()).isNotNegative();
        assertThat(descriptor.digest().hex()).matches("[0-9a-f]{64}|[0-9a-f]{128}");
        assertThat(descriptor.digest().algorithm()).isIn("sha256", "sha512");
        assertThat(Digest.parse(descriptor.digest().toString())).contains(descriptor.digest());
    }

    private static void assertSayable(InvalidImageException refused) {
        assertThat(refused.getMessage()).isNotBlank().hasSizeLessThan(600);
        assertThat(refused.getMessage().chars()).noneMatch(Character::isISOControl);
    }

    private static byte[] encoded(ManifestDocument document) {
        if (document instanceof ManifestDocument.Image image) {
            return OciJson.write(Map.of(
                    "schemaVersion",
                    2,
                    "config",
                    fields(image.config()),
                    "layers",
                    image.layers().stream().map(ManifestDecoderFuzzTest::fields).toList()));
        }
        List<Descriptor> manifests = ((ManifestDocument.Index) document).manifests();
        return OciJson.write(Map.of(
                "schemaVersion",
                2,
                "manifests",
                manifests.stream().map(ManifestDecoderFuzzTest::fields).toList()));
    }

    private static Map<String, Object> fields(Descriptor descriptor) {
        Platform platform = descriptor.platform();
        return Map.of(
                "mediaType", descriptor.mediaType(),
                "digest", descriptor.digest().toString(),
                "size", descriptor.size(),
                "platform",
                        Map.of(
                                "os", platform.os(),
                                "architecture", platform.architecture(),
                                "variant", platform.variant()));
    }
}
