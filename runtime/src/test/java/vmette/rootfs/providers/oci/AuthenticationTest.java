package vmette.rootfs.providers.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;

/** Who asks: a real registry that wants a name and a password, and token services. */
class AuthenticationTest {
    private static final TestImages.Blob LAYER = TestImages.layer(TestImages.file("a", "b"));
    private static final TestImages.Blob CONFIG = TestImages.config("amd64", "{}", LAYER);
    private static final byte[] MANIFEST = TestImages.manifest(CONFIG, LAYER).bytes();

    @TempDir
    Path directory;

    @Test
    void aRegistryThatWantsAPasswordGetsItAndOnlyFromWhoHasIt() throws Exception {
        try (DockerRegistry registry = DockerRegistry.locked(directory)) {
            String basic = new Credential.Basic(DockerRegistry.USER, DockerRegistry.SECRET).header();
            new TestImages(registry.host(), basic).pushImage("team/secret", "v1", "{}", LAYER);
            String reference = registry.host() + "/team/secret:v1";
            String variable = Credentials.variable(registry.host());

            Pulls pulls = new Pulls(directory);
            assertThatThrownBy(() -> pulls.pull(reference))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("401 UNAUTHORIZED")
                    .hasMessageContaining(variable + "=user:secret")
                    .hasMessageContaining("docker login " + registry.host());
            pulls.environment(Map.of(variable, DockerRegistry.USER + ":wrongsecret"));
            assertThatThrownBy(() -> pulls.pull(reference))
                    .hasMessageContaining("401 UNAUTHORIZED")
                    .hasMessageContaining("does not take the credential")
                    .satisfies(e -> assertThat(chain(e)).doesNotContain("wrongsecret"));
            assertThat(pulls.files()).isEmpty();

            pulls.environment(Map.of(variable, DockerRegistry.USER + ":" + DockerRegistry.SECRET));
            assertThat(Pulls.bytes(pulls.pull(reference).layers().get(0))).isEqualTo(LAYER.bytes());
            assertThat(pulls.progress.lines.toString()).doesNotContain(DockerRegistry.SECRET);
        }
    }

    @Test
    void aPasswordOfDockerLoginWillDo() throws Exception {
        try (DockerRegistry registry = DockerRegistry.locked(directory)) {
            String basic = new Credential.Basic(DockerRegistry.USER, DockerRegistry.SECRET).header();
            new TestImages(registry.host(), basic).pushImage("team/secret", "v1", "{}", LAYER);
            Pulls pulls = new Pulls(directory);
            Path docker = Files.createDirectory(pulls.home().resolve(".docker"));
            Files.writeString(
                    docker.resolve("config.json"),
                    "{\"auths\":{\"" + registry.host() + "\":{\"auth\":\"" + basic.substring("Basic ".length())
                            + "\"}}}");
            assertThat(pulls.pull(registry.host() + "/team/secret:v1").layers()).hasSize(1);
        }
    }

    @Test
    void aConnectionServesSeveralRequests() throws Exception {
        try (DockerRegistry registry = DockerRegistry.locked(directory);
                Relay relay = new Relay(registry.port())) {
            String basic = new Credential.Basic(DockerRegistry.USER, DockerRegistry.SECRET).header();
            new TestImages(registry.host(), basic).pushImage("team/secret", "v1", "{}", LAYER);
            new Pulls(directory)
                    .environment(Map.of(
                            Credentials.variable(relay.host()), DockerRegistry.USER + ":" + DockerRegistry.SECRET))
                    .pull(relay.host() + "/team/secret:v1");
            // the challenge, the manifest, the configuration and the layer
            assertThat(relay.requests()).hasSize(4);
            assertThat(relay.connections()).isLessThan(4);
        }
    }

    @Test
    void aTokenServiceIsAskedOnceAsNobodyOrWithThePassword() throws Exception {
        try (FakeRegistry registry = new FakeRegistry();
                FakeRegistry tokens = new FakeRegistry()) {
            tokens.on("/token", "{\"token\":\"abc.def\",\"expires_in\":300}".getBytes(UTF_8));
            guardAll(registry, bearer(tokens), "Bearer abc.def");
            Pulls pulls = new Pulls(directory);
            pulls.pull(registry.host() + "/a/b");
            String query = "service=its+name&scope=repository%3Aa%2Fb%3Apull";
            assertThat(tokens.asked()).containsExactly(new FakeRegistry.Asked("GET", "/token", query, ""));

            Pulls known = new Pulls(Files.createDirectory(directory.resolve("known")))
                    .environment(Map.of(Credentials.variable(registry.host()), "bob:hidden"));
            known.pull(registry.host() + "/a/b");
            String basic = new Credential.Basic("bob", "hidden").header();
            assertThat(tokens.asked()).last().isEqualTo(new FakeRegistry.Asked("GET", "/token", query, basic));
            // the registry itself never saw the password
            assertThat(registry.asked())
                    .extracting(FakeRegistry.Asked::authorization)
                    .doesNotContain(basic);
        }
    }

    @Test
    void anIdentityTokenIsChangedForOneOfTheRegistrys() throws Exception {
        try (FakeRegistry registry = new FakeRegistry();
                FakeRegistry tokens = new FakeRegistry()) {
            tokens.on("/token", "{\"access_token\":\"abc\"}".getBytes(UTF_8));
            guardAll(registry, bearer(tokens), "Bearer abc");
            Pulls pulls = new Pulls(directory);
            Path docker = Files.createDirectory(pulls.home().resolve(".docker"));
            Files.writeString(
                    docker.resolve("config.json"),
                    "{\"auths\":{\"" + registry.host() + "\":{\"identitytoken\":\"i\"}}}");
            pulls.pull(registry.host() + "/a/b");
            assertThat(tokens.asked()).containsExactly(new FakeRegistry.Asked("POST", "/token", "", ""));
        }
    }

    @Test
    void aTokenOfTheUsersOwnIsSentAsItIs() throws Exception {
        try (FakeRegistry registry = new FakeRegistry()) {
            guardAll(registry, "Bearer realm=\"https://nowhere.example/\"", "Bearer mine");
            new Pulls(directory).environment(Map.of("VMETTE_OCI_TOKEN", "mine")).pull(registry.host() + "/a/b");
        }
    }

    @Test
    void aTokenThatHasExpiredIsRenewed() throws Exception {
        try (FakeRegistry registry = new FakeRegistry();
                FakeRegistry tokens = new FakeRegistry()) {
            int[] given = {0};
            tokens.on(
                    "/token",
                    exchange ->
                            FakeRegistry.send(exchange, 200, ("{\"token\":\"t" + ++given[0] + "\"}").getBytes(UTF_8)));
            registry.on("/v2/a/b/manifests/latest", FakeRegistry.guarded(bearer(tokens), "Bearer t1", MANIFEST))
                    .on(
                            "/v2/a/b/blobs/" + CONFIG.digest(),
                            FakeRegistry.guarded(bearer(tokens), "Bearer t2", CONFIG.bytes()))
                    .on(
                            "/v2/a/b/blobs/" + LAYER.digest(),
                            FakeRegistry.guarded(bearer(tokens), "Bearer t3", LAYER.bytes()));
            new Pulls(directory).pull(registry.host() + "/a/b");
            assertThat(tokens.asked()).hasSize(3);
        }
    }

    @Test
    void aTokenServiceThatRefusesOrTalksNonsenseIsSaid() throws Exception {
        try (FakeRegistry registry = new FakeRegistry();
                FakeRegistry tokens = new FakeRegistry()) {
            guardAll(registry, bearer(tokens), "Bearer x");
            Pulls pulls =
                    new Pulls(directory).environment(Map.of(Credentials.variable(registry.host()), "bob:topsecret"));
            tokens.on("/token", exchange -> FakeRegistry.send(exchange, 403, "topsecret".getBytes(UTF_8)));
            for (String answer : List.of("topsecret", "{\"token\":7}", "{\"token\":\"top\\nsecret\"}", "{}")) {
                assertThatThrownBy(() -> pulls.pull(registry.host() + "/a/b"))
                        .isInstanceOf(VmetteIoException.class)
                        .satisfies(e -> assertThat(chain(e)).doesNotContain("topsecret"));
                tokens.on("/token", answer.getBytes(UTF_8));
            }
        }
    }

    @Test
    void aTokenServiceMustNotBeAskedOverAnOpenLine() throws Exception {
        try (FakeRegistry registry = new FakeRegistry()) {
            guardAll(registry, "Bearer realm=\"http://tokens.example/\",service=\"x\"", "Bearer x");
            assertThatThrownBy(() -> new Pulls(directory)
                            .environment(Map.of(Credentials.variable(registry.host()), "bob:topsecret"))
                            .pull(registry.host() + "/a/b"))
                    .hasMessageContaining("http://tokens.example, which is not encrypted");
        }
    }

    private static String bearer(FakeRegistry tokens) {
        return "Bearer realm=\"http://" + tokens.host()
                + "/token\", service=\"its name\",scope=\"repository:other:push\"";
    }

    private static void guardAll(FakeRegistry registry, String challenge, String authorization) {
        registry.on("/v2/a/b/manifests/latest", FakeRegistry.guarded(challenge, authorization, MANIFEST))
                .on("/v2/a/b/blobs/" + CONFIG.digest(), FakeRegistry.guarded(challenge, authorization, CONFIG.bytes()))
                .on("/v2/a/b/blobs/" + LAYER.digest(), FakeRegistry.guarded(challenge, authorization, LAYER.bytes()));
    }

    /** All that a stack trace would show. */
    private static String chain(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            text.append(cause).append('\n');
        }
        return text.toString();
    }
}
