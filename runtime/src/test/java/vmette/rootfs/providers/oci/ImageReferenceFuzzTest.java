package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.net.URI;
import java.nio.charset.StandardCharsets;

class ImageReferenceFuzzTest {
    /** The input is a reference as a user or an agent writes it, a challenge, and where a registry sends us. */
    @FuzzTest
    void anyTextIsRefusedOrLeadsToOneRepositoryOfOneHost(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.UTF_8);
        ImageReference.parse(text).ifPresent(reference -> {
            assertThat(ImageReference.parse(reference.toString())).contains(reference);
            URI root = Endpoints.of(reference.registry());
            URI uri = root.resolve("/v2/" + reference.repository() + "/manifests/" + reference.version());
            assertThat(Endpoints.sameOrigin(root, uri)).isTrue();
            assertThat(uri.normalize()).isEqualTo(uri);
            assertThat(uri.getRawQuery()).isNull();
            assertThat(uri.getRawFragment()).isNull();
            assertThat(root.getScheme().equals("https") || Endpoints.isLoopback(root))
                    .isTrue();
            assertThat(Credentials.variable(reference.registry())).matches("VMETTE_OCI_AUTH_[A-Z0-9_]+");
        });
        for (AuthChallenge challenge : AuthChallenge.parse(text)) {
            assertThat(challenge.scheme()).isNotEmpty();
        }
        URI registry = URI.create("https://registry.example");
        try {
            URI sent = Endpoints.sentTo(registry, registry, text);
            assertThat(sent.getScheme()).isEqualToIgnoringCase("https");
            assertThat(Endpoints.isLoopback(sent)).isFalse();
        } catch (RegistryFaultException refused) {
            assertThat(refused.getMessage().chars()).noneMatch(Character::isISOControl);
        }
    }
}
