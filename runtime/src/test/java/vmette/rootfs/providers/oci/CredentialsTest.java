package vmette.rootfs.providers.oci;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;

class CredentialsTest {
    private static final String HOST = "registry.example:5000";

    @TempDir
    Path home;

    private final List<String> warnings = new ArrayList<>();
    private Path config;

    @BeforeEach
    void directory() throws IOException {
        config = Files.createDirectory(home.resolve(".docker")).resolve("config.json");
    }

    @Test
    void theRegistrysOwnVariableGoesFirst() throws Exception {
        docker("{\"auths\":{\"" + HOST + "\":{\"auth\":\"" + base64("carol:file") + "\"}}}");
        Map<String, String> all = Map.of(
                "VMETTE_OCI_AUTH_REGISTRY_EXAMPLE_5000",
                "alice:a:b",
                "VMETTE_OCI_TOKEN",
                "t",
                "VMETTE_OCI_USER",
                "bob");
        assertThat(find(all)).contains(new Credential.Basic("alice", "a:b"));
    }

    @Test
    void thenTheTokenWithOrWithoutAUser() throws Exception {
        docker("{\"auths\":{\"" + HOST + "\":{\"auth\":\"" + base64("carol:file") + "\"}}}");
        assertThat(find(Map.of("VMETTE_OCI_TOKEN", "t", "VMETTE_OCI_USER", "bob")))
                .contains(new Credential.Basic("bob", "t"));
        assertThat(find(Map.of("VMETTE_OCI_TOKEN", "t"))).contains(new Credential.Bearer("t"));
    }

    @Test
    void thenWhatDockerLoginHasLeft() throws Exception {
        docker("{\"auths\":{\"https://" + HOST + "\":{\"auth\":\"" + base64("carol:with:colon\0") + "\"}}}");
        assertThat(find(Map.of())).contains(new Credential.Basic("carol", "with:colon"));
        docker("{\"auths\":{\"" + HOST + "\":{\"auth\":\"" + base64("carol:x") + "\",\"identitytoken\":\"i\"}}}");
        assertThat(find(Map.of())).contains(new Credential.Identity("i"));
        docker("{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"" + base64("dora:hub") + "\"}}}");
        assertThat(new Credentials(Map.of(), home).find("docker.io", warnings::add))
                .contains(new Credential.Basic("dora", "hub"));
        assertThat(find(Map.of())).isEmpty();
        assertThat(warnings).isEmpty();
    }

    @Test
    void orNobody() throws Exception {
        assertThat(find(Map.of("VMETTE_OCI_AUTH_REGISTRY_EXAMPLE", "other:host", "VMETTE_OCI_USER", "bob")))
                .isEmpty();
        assertThat(warnings).isEmpty();
    }

    @Test
    void dockersDirectoryCanBeElsewhere() throws Exception {
        Path elsewhere = Files.createDirectory(home.resolve("elsewhere"));
        Files.writeString(
                elsewhere.resolve("config.json"),
                "{\"auths\":{\"" + HOST + "\":{\"auth\":\"" + base64("eve:x") + "\"}}}");
        assertThat(find(Map.of("DOCKER_CONFIG", elsewhere.toString()))).contains(new Credential.Basic("eve", "x"));
    }

    @Test
    void aVariableThatMakesNoSenseIsRefusedWithoutItsValue() {
        assertThatThrownBy(() -> find(Map.of("VMETTE_OCI_AUTH_REGISTRY_EXAMPLE_5000", "topsecret")))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("VMETTE_OCI_AUTH_REGISTRY_EXAMPLE_5000")
                .hasMessageContaining("user:secret")
                .hasMessageNotContaining("topsecret");
    }

    @Test
    void aDamagedConfigurationIsWarnedOfWithoutItsText() throws Exception {
        docker("{\"auths\": topsecret");
        assertThat(find(Map.of())).isEmpty();
        docker("{\"auths\":{\"" + HOST + "\":{\"auth\":\"topsecret!\"}}}");
        assertThat(find(Map.of())).isEmpty();
        assertThat(warnings)
                .hasSize(2)
                .allSatisfy(line ->
                        assertThat(line).startsWith("warning: ").contains(HOST).doesNotContain("topsecret"));
    }

    @Test
    void aHelperIsAskedForTheRegistry() throws Exception {
        docker("{\"credHelpers\":{\"" + HOST + "\":\"test\"},\"auths\":{\"" + HOST + "\":{}}}");
        helper("read name; [ \"$1 $name\" = 'get " + HOST
                + "' ] && echo '{\"ServerURL\":\"x\",\"Username\":\"fay\",\"Secret\":\"s\"}'");
        assertThat(find(Map.of("PATH", home.toString() + ":/usr/bin:/bin"))).contains(new Credential.Basic("fay", "s"));
        helper("echo '{\"Username\":\"<token>\",\"Secret\":\"s\"}'");
        assertThat(find(Map.of("PATH", home + ":/usr/bin:/bin"))).contains(new Credential.Identity("s"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void theHelperOfAllIsAskedAndWhatItDoesNotKnowIsLookedForInTheFile() throws Exception {
        docker("{\"credsStore\":\"test\",\"auths\":{\"" + HOST + "\":{\"auth\":\"" + base64("gil:x") + "\"}}}");
        helper("echo 'credentials not found in native keychain'; exit 1");
        assertThat(find(Map.of("PATH", home.toString()))).contains(new Credential.Basic("gil", "x"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void aHelperThatTalksNonsenseOrIsNotThereIsWarnedOf() throws Exception {
        docker("{\"credHelpers\":{\"" + HOST + "\":\"test\"}}");
        assertThat(find(Map.of("PATH", home.toString()))).isEmpty();
        helper("echo topsecret; echo topsecret >&2");
        assertThat(find(Map.of("PATH", home.toString()))).isEmpty();
        helper("head -c 1000000 /dev/zero");
        assertThat(find(Map.of("PATH", home.toString()))).isEmpty();
        docker("{\"credHelpers\":{\"" + HOST + "\":\"../../bin/sh\"}}");
        assertThat(find(Map.of("PATH", home.toString()))).isEmpty();
        assertThat(warnings).hasSize(4).allSatisfy(line -> assertThat(line).doesNotContain("topsecret"));
    }

    @Test
    void noCredentialShowsItsSecret() {
        assertThat(List.of(
                                new Credential.Basic("alice", "topsecret"),
                                new Credential.Bearer("topsecret"),
                                new Credential.Identity("topsecret"))
                        .toString())
                .doesNotContain("topsecret", "alice");
    }

    private Optional<Credential> find(Map<String, String> environment) throws InterruptedException {
        return new Credentials(environment, home).find(HOST, warnings::add);
    }

    private void docker(String json) throws IOException {
        Files.writeString(config, json);
    }

    private void helper(String script) throws IOException {
        Path program = home.resolve("docker-credential-test");
        Files.writeString(program, "#!/bin/sh\nPATH=/usr/bin:/bin\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }
}
