package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import org.junit.jupiter.api.Test;

class EndpointsTest {
    private static final URI REMOTE = URI.create("https://registry.example");
    private static final URI LOCAL = URI.create("http://localhost:5000");

    @Test
    void registriesAreAskedByHttpsSaveOnThisMachine() {
        assertThat(Endpoints.of("docker.io")).hasToString("https://registry-1.docker.io");
        assertThat(Endpoints.of("registry.example:5000")).hasToString("https://registry.example:5000");
        assertThat(Endpoints.of("localhost:5000")).hasToString("http://localhost:5000");
        assertThat(Endpoints.of("localhost")).hasToString("http://localhost");
        assertThat(Endpoints.of("localhost:443")).hasToString("https://localhost:443");
        assertThat(Endpoints.of("127.1.2.3:80")).hasToString("http://127.1.2.3:80");
        assertThat(Endpoints.of("[::1]:80")).hasToString("http://[::1]:80");
        assertThat(Endpoints.of("127.0.0.1.example.org")).hasScheme("https");
        assertThat(Endpoints.of("localhost.example.org")).hasScheme("https");
    }

    @Test
    void anOriginIsSchemeHostAndPort() {
        assertThat(Endpoints.sameOrigin(REMOTE, URI.create("https://Registry.example:443/x")))
                .isTrue();
        assertThat(Endpoints.sameOrigin(REMOTE, URI.create("http://registry.example")))
                .isFalse();
        assertThat(Endpoints.sameOrigin(REMOTE, URI.create("https://registry.example:444")))
                .isFalse();
        assertThat(Endpoints.sameOrigin(REMOTE, URI.create("https://registry.example.org")))
                .isFalse();
    }

    @Test
    void aRegistryMaySendUsToHttpsElsewhere() throws Exception {
        assertThat(Endpoints.sentTo(REMOTE, REMOTE, "https://cdn.example/x?y=z"))
                .hasToString("https://cdn.example/x?y=z");
        assertThat(Endpoints.sentTo(REMOTE, URI.create("https://cdn.example/a/b"), "/c"))
                .hasToString("https://cdn.example/c");
        assertThat(Endpoints.sentTo(LOCAL, LOCAL, "http://127.0.0.1:7000/x")).hasToString("http://127.0.0.1:7000/x");
    }

    @Test
    void butNotToOurOwnServicesNorOverAnOpenLine() {
        assertThatThrownBy(() -> Endpoints.sentTo(REMOTE, REMOTE, "https://localhost/x"))
                .hasMessageContaining("a service of this machine");
        assertThatThrownBy(() -> Endpoints.sentTo(REMOTE, REMOTE, "http://127.0.0.1/x"))
                .hasMessageContaining("a service of this machine");
        assertThatThrownBy(() -> Endpoints.sentTo(REMOTE, REMOTE, "http://registry.example/x"))
                .hasMessageContaining("not encrypted");
        assertThatThrownBy(() -> Endpoints.sentTo(LOCAL, LOCAL, "http://registry.example/x"))
                .hasMessageContaining("not encrypted");
    }
}
