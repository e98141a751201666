package vmette.rootfs.providers.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.errors.VmetteException;

/** A registry that lies, exaggerates and sends us elsewhere. */
class HostileRegistryTest {
    private static final TestImages.Blob LAYER = TestImages.noise(1000, 1);
    private static final TestImages.Blob CONFIG = TestImages.config("amd64", "{}", LAYER);
    private static final String DIGEST = LAYER.digest().toString();

    @TempDir
    Path directory;

    private FakeRegistry registry;
    private Pulls pulls;

    @BeforeEach
    void start() throws IOException {
        registry = new FakeRegistry().blob(LAYER).blob(CONFIG);
        pulls = new Pulls(directory);
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static Arguments refused(String name, String manifest, String why) {
        return Arguments.of(name, manifest.getBytes(UTF_8), why);
    }

    private static String image(String config, String... layers) {
        return "{\"schemaVersion\":2,\"config\":" + config + ",\"layers\":[" + String.join(",", layers) + "]}";
    }

    private static String index(String... entries) {
        return "{\"schemaVersion\":2,\"manifests\":[" + String.join(",", entries) + "]}";
    }

    private static String layer(String mediaType, String digest, String size) {
        return "{\"mediaType\":\"" + mediaType + "\",\"digest\":\"" + digest + "\",\"size\":" + size + "}";
    }

    private static String tar(String digest, String size) {
        return layer("application/vnd.oci.image.layer.v1.tar", digest, size);
    }

    static Stream<Arguments> hostileManifests() {
        String config = CONFIG.descriptor();
        String ours = ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}";
        String entry = layer(MediaTypes.OCI_MANIFEST, DIGEST, "5").replaceFirst("}$", ours.replace("$", "\\$"));
        return Stream.of(
                refused("empty", "", "no JSON object"),
                refused("no JSON", "<html>", "not the JSON"),
                refused("a list", "[]", "no JSON object"),
                refused("two documents", image(config) + "{}", "not the JSON"),
                refused("twice the same field", "{\"schemaVersion\":2,\"schemaVersion\":2}", "not the JSON"),
                refused("longer than 4 MiB", " ".repeat(5 << 20), "longer than"),
                refused("a million layers", image(config, "{}" + ",{}".repeat(1_000_000)), "not the JSON"),
                refused("128 layers", image(config, repeated(tar(DIGEST, "5"), 128)), "128 layers"),
                refused("deep", "[".repeat(100_000), "not the JSON"),
                refused("deep in a field", "{\"schemaVersion\":2,\"layers\":" + "[".repeat(5000), "not the JSON"),
                refused("a negative size", image(config, tar(DIGEST, "-1")), "no count of bytes"),
                refused(
                        "a size beyond 63 bits",
                        image(config, tar(DIGEST, "9223372036854775808")),
                        "no count of bytes"),
                refused("a size that is a text", image(config, tar(DIGEST, "\"5\"")), "no count of bytes"),
                refused("a size that is a fraction", image(config, tar(DIGEST, "5.5")), "no count of bytes"),
                refused("a size with a huge exponent", image(config, tar(DIGEST, "1e999999999")), "no count of bytes"),
                refused(
                        "sizes whose sum overflows",
                        image(config, tar(DIGEST, "9223372036854775807"), tar(DIGEST, "9223372036854775807")),
                        "more than"),
                refused("a digest that is a path", image(config, tar("sha256:../../../../etc/passwd", "5")), "digest"),
                refused(
                        "a digest with a NUL",
                        image(config, tar("sha256:" + "0".repeat(63) + "\\u0000", "5")),
                        "digest"),
                refused("a digest in capitals", image(config, tar("sha256:" + "A".repeat(64), "5")), "digest"),
                refused("a short digest", image(config, tar("sha256:00", "5")), "digest"),
                refused("a digest of a weak algorithm", image(config, tar("md5:" + "0".repeat(32), "5")), "digest"),
                refused(
                        "a digest that is no text",
                        image(config, tar(DIGEST, "5").replace("\"" + DIGEST + "\"", "7")),
                        "digest"),
                refused(
                        "an unknown layer",
                        image(config, layer("application/x-exe", DIGEST, "5")),
                        "unknown media type application/x-exe"),
                refused(
                        "control characters",
                        image(config, layer("a\\u001b[2J\\u202e", DIGEST, "5")),
                        "unknown media type a?[2J?"),
                refused(
                        "a foreign layer",
                        image(config, layer("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", DIGEST, "5")),
                        "kept out of registries"),
                refused(
                        "a nondistributable layer",
                        image(
                                config,
                                layer("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", DIGEST, "5")),
                        "kept out of registries"),
                refused(
                        "a chart",
                        image(layer("application/vnd.cncf.helm.config.v1+json", DIGEST, "5")),
                        "no container image"),
                refused("a huge configuration", image(layer(MediaTypes.OCI_CONFIG, DIGEST, "5000000")), "at most"),
                refused("a layer that is a list", image(config, "[]"), "no descriptor"),
                refused("layers that are a text", image(config).replace("[]", "\"x\""), "no list"),
                refused("no configuration", "{\"schemaVersion\":2,\"layers\":[]}", "no descriptor"),
                refused("an image and an index", "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}", "at once"),
                refused("neither", "{\"schemaVersion\":2}", "neither"),
                refused(
                        "a type of the other kind",
                        "{\"schemaVersion\":2,\"mediaType\":\"" + MediaTypes.OCI_INDEX + "\",\"layers\":[]}",
                        "media type"),
                refused("schema 1", "{\"schemaVersion\":1,\"fsLayers\":[]}", "schema 1"),
                refused("schema 3", "{\"schemaVersion\":3,\"layers\":[]}", "schemaVersion"),
                refused("an empty index", index(), "no platform at all"),
                refused("an index with 2000 entries", index(repeated(entry, 2000)), "2000 entries"),
                refused("an index whose entry is something else", index(entry), "other bytes for " + DIGEST),
                refused(
                        "other layers than the configuration's",
                        image(config, tar(DIGEST, "5"), tar(DIGEST, "5")),
                        "2 layers, its configuration 1"),
                refused("a layer longer than said", image(config, tar(DIGEST, "999")), "sends more"),
                refused("a layer with another digest", image(config, tar("sha256:" + "0".repeat(64), "1000")), "404"));
    }

    private static String[] repeated(String entry, int times) {
        String[] entries = new String[times];
        Arrays.fill(entries, entry);
        return entries;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileManifests")
    void aHostileManifestIsRefusedAndLeavesNothingUsable(String name, byte[] manifest, String why) throws Exception {
        registry.manifest("latest", manifest);
        // whatever else is asked for by a digest is answered with the same
        registry.on("/v2/a/b/manifests/" + DIGEST, manifest);
        String reference = registry.host() + "/a/b";
        assertThatThrownBy(() -> pulls.pull(reference))
                .isInstanceOf(VmetteException.class)
                .hasMessageContaining(reference)
                .hasMessageContaining(why)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(1000).doesNotContain("\u001b"));
        assertThat(pulls.files()).noneMatch(file -> file.contains(LAYER.digest().hex()));
        assertThat(pulls.progress.open).hasValue(0);
    }

    @Test
    void anIndexThatNamesIndexesForEverIsLeft() {
        // no two that name each other can be made: each has the other's digest in it
        String inner = new String(TestImages.manifest(CONFIG, LAYER).bytes(), UTF_8);
        String type = MediaTypes.OCI_MANIFEST;
        for (int i = 0; i < 10; i++) {
            TestImages.Blob document = new TestImages.Blob(inner.getBytes(UTF_8), type);
            registry.manifest(document.digest().toString(), document.bytes());
            inner = index(document.forPlatform("linux", "amd64"));
            type = MediaTypes.OCI_INDEX;
        }
        registry.manifest("latest", inner.getBytes(UTF_8));
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b")).hasMessageContaining("more than 3 times");
        assertThat(registry.asked()).hasSize(4);
    }

    @Test
    void anIndexThatNamesItselfIsNoIndex() {
        String itself = index(layer(MediaTypes.OCI_INDEX, DIGEST, "5")
                .replaceFirst("}$", ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}"));
        registry.manifest("latest", itself.getBytes(UTF_8)).manifest(DIGEST, itself.getBytes(UTF_8));
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b"))
                .hasMessageContaining("other bytes for " + DIGEST);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostileConfigurations")
    void aHostileConfigurationIsRefused(String json, String why) {
        TestImages.Blob config = new TestImages.Blob(json.getBytes(UTF_8), MediaTypes.OCI_CONFIG);
        registry.blob(config)
                .manifest("latest", TestImages.manifest(config, LAYER).bytes());
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b"))
                .isInstanceOf(VmetteException.class)
                .hasMessageContaining(why);
    }

    static Stream<Arguments> hostileConfigurations() {
        return Stream.of(
                Arguments.of("[]", "no JSON object"),
                Arguments.of("{\"config\":[]}", "no object"),
                Arguments.of("{\"config\":{\"Env\":\"A=b\"}}", "no list"),
                Arguments.of("{\"config\":{\"Env\":[1]}}", "no text"),
                Arguments.of("{\"config\":{\"Env\":[\"=x\"]}}", "no KEY=VALUE"),
                Arguments.of("{\"config\":{\"Env\":[\"A=\\u0000\"]}}", "NUL"),
                Arguments.of("{\"config\":{\"User\":{}}}", "no text"),
                Arguments.of("{\"config\":{\"Cmd\":[\"a\\u0000b\"]}}", "NUL"),
                Arguments.of("{\"config\":{\"Entrypoint\":\"/bin/sh\"}}", "no list"),
                Arguments.of("{\"os\":\"windows\",\"architecture\":\"amd64\"}", "windows/amd64"),
                Arguments.of("{\"rootfs\":{\"diff_ids\":[]}}", "its configuration 0"));
    }

    @Test
    void aManifestThatIsNotWhatTheHeaderSaysIsRefused() {
        byte[] manifest = TestImages.manifest(CONFIG, LAYER).bytes();
        registry.on("/v2/a/b/manifests/latest", exchange -> {
            exchange.getResponseHeaders().add("Docker-Content-Digest", DIGEST);
            FakeRegistry.send(exchange, 200, manifest);
        });
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b")).hasMessageContaining("is not the " + DIGEST);
    }

    @Test
    void aBlobThatIsLongerThanItsHeaderMaySayIsCutOff() {
        TestImages.Blob manifest = TestImages.manifest(CONFIG, LAYER);
        registry.manifest("latest", manifest.bytes()).on("/v2/a/b/blobs/" + DIGEST, exchange -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] chunk = new byte[1 << 16];
            for (int i = 0; i < 100_000; i++) {
                exchange.getResponseBody().write(chunk);
            }
        });
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b"))
                .hasMessageContaining("sends more")
                .hasMessageContaining("1000 bytes");
    }

    @Test
    void aPartThatBeginsElsewhereIsNotTakenForTheRest() throws Exception {
        registry.manifest("latest", TestImages.manifest(CONFIG, LAYER).bytes());
        registry.on("/v2/a/b/blobs/" + DIGEST, exchange -> {
            boolean rest = exchange.getRequestHeaders().getFirst("Range") != null;
            if (!rest) {
                exchange.sendResponseHeaders(200, 1000);
                exchange.getResponseBody().write(LAYER.bytes(), 0, 400);
                exchange.close();
                return;
            }
            exchange.getResponseHeaders().add("Content-Range", "bytes 0-999/1000");
            FakeRegistry.send(exchange, 206, LAYER.bytes());
        });
        assertThat(Pulls.bytes(pulls.pull(registry.host() + "/a/b").layers().get(0)))
                .isEqualTo(LAYER.bytes());
    }

    @Test
    void aRegistryInTroubleIsAskedAgainForALayer() throws Exception {
        int[] asked = {0};
        registry.manifest("latest", TestImages.manifest(CONFIG, LAYER).bytes());
        registry.on(
                "/v2/a/b/blobs/" + DIGEST,
                exchange -> FakeRegistry.send(exchange, asked[0]++ == 0 ? 503 : 200, LAYER.bytes()));
        assertThat(Pulls.bytes(pulls.pull(registry.host() + "/a/b").layers().get(0)))
                .isEqualTo(LAYER.bytes());
    }

    @Test
    void aTagIsTakenAsItWasWhileItsRegistryIsInTroubleButNotWhenItIsGone() throws Exception {
        registry.manifest("latest", TestImages.manifest(CONFIG, LAYER).bytes());
        PulledImage first = pulls.pull(registry.host() + "/a/b");
        pulls.clock.advance(Pulls.TTL);
        for (int status : new int[] {429, 500, 503}) {
            registry.on("/v2/a/b/manifests/latest", exchange -> FakeRegistry.send(exchange, status, new byte[0]));
            assertThat(pulls.pull(registry.host() + "/a/b").manifest()).isEqualTo(first.manifest());
            assertThat(pulls.progress.lines)
                    .last()
                    .asString()
                    .startsWith("warning: ")
                    .contains("" + status);
        }
        registry.on("/v2/a/b/manifests/latest", exchange -> FakeRegistry.send(exchange, 404, new byte[0]));
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b")).hasMessageContaining("no such image or tag");
    }

    @Test
    void whatASmallAnswerOfAnErrorHoldsIsNotRepeated() {
        registry.on(
                "/v2/a/b/manifests/latest",
                exchange -> FakeRegistry.send(
                        exchange,
                        400,
                        "{\"errors\":[{\"code\":\"x\\u001b[2J\",\"message\":\"secret\"}]}".getBytes(UTF_8)));
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b"))
                .hasMessageContaining("answered 400: ")
                .hasMessageNotContaining("secret")
                .hasMessageNotContaining("\u001b");
    }

    @Test
    void aRedirectToAnotherHostGetsNoCredential() throws Exception {
        byte[] manifest = TestImages.manifest(CONFIG, LAYER).bytes();
        pulls.environment(Map.of(Credentials.variable(registry.host()), "bob:hidden"));
        String basic = new Credential.Basic("bob", "hidden").header();
        try (FakeRegistry elsewhere = new FakeRegistry()) {
            elsewhere.on("/there", LAYER.bytes());
            registry.on("/v2/a/b/manifests/latest", FakeRegistry.guarded("Basic realm=\"x\"", basic, manifest))
                    .on("/v2/a/b/blobs/" + DIGEST, FakeRegistry.redirect("http://" + elsewhere.host() + "/there"));
            pulls.pull(registry.host() + "/a/b");
            assertThat(elsewhere.asked()).containsExactly(new FakeRegistry.Asked("GET", "/there", "", ""));
            assertThat(registry.asked())
                    .last()
                    .extracting(FakeRegistry.Asked::authorization)
                    .isEqualTo(basic);
        }
    }

    @Test
    void anotherHostThatAsksWhoWeAreIsToldNothing() throws Exception {
        pulls.environment(Map.of(Credentials.variable(registry.host()), "bob:hidden"));
        try (FakeRegistry elsewhere = new FakeRegistry()) {
            elsewhere.on("/there", FakeRegistry.guarded("Basic realm=\"x\"", "never", new byte[0]));
            registry.on("/v2/a/b/manifests/latest", FakeRegistry.redirect("http://" + elsewhere.host() + "/there"));
            assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b")).hasMessageContaining("401");
            assertThat(elsewhere.asked()).containsExactly(new FakeRegistry.Asked("GET", "/there", "", ""));
        }
    }

    @ParameterizedTest
    @MethodSource("hostileRedirects")
    void aRedirectThatLeadsNowhereGoodIsNotFollowed(String location, String why) {
        registry.on("/v2/a/b/manifests/latest", FakeRegistry.redirect(location));
        assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b")).hasMessageContaining(why);
        assertThat(registry.asked()).hasSizeLessThanOrEqualTo(6);
    }

    static Stream<Arguments> hostileRedirects() {
        return Stream.of(
                Arguments.of("/v2/a/b/manifests/latest", "more than 5 times"),
                Arguments.of("http://example.org/x", "not encrypted"),
                Arguments.of("file:///etc/passwd", "no address of a web server"),
                Arguments.of("http://bob:x@localhost/", "no address of a web server"),
                Arguments.of("http://[", "no address"),
                Arguments.of("", "no address"),
                Arguments.of("http:", "no address"));
    }
}
