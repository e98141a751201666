package vmette.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UserNetworkTest {
    private static final Path PASST = Path.of("/usr/bin/passt");
    private static final Path SOCKET = Path.of("/d/net.sock");

    @Test
    void theHostsLoopbackIsReachedOnlyIfItIsAskedFor() {
        assertThat(UserNetwork.command(PASST, false, false, SOCKET))
                .startsWith("/usr/bin/passt")
                .containsSequence("--socket", "/d/net.sock")
                .containsSequence("--address", "10.0.2.15", "--netmask", "24", "--gateway", "10.0.2.2")
                .containsSequence("--tcp-ports", "none", "--udp-ports", "none")
                .contains("--no-map-gw")
                .doesNotContain("--runas");
        assertThat(UserNetwork.command(PASST, true, true, SOCKET))
                .doesNotContain("--no-map-gw")
                .endsWith("--runas", "0");
    }
}
