package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import com.typesafe.config.ConfigFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;

/** Networks of real VMs, whose host is a network namespace. */
class NetIT {
    @TempDir
    private static Path directory;

    private static Path passt;

    @BeforeAll
    static void prepare() throws IOException {
        try (Vmette vmette = Vmette.create()) {
            await(await(vmette.launch(VmSpec.builder().memoryMib(128).build())).stop());
        }
        passt = NetworkHost.passt(directory, RuntimeSettings.load());
    }

    private static Vmette vmette(String net, List<String> said) {
        return Vmette.create(
                RuntimeSettings.from(
                        ConfigFactory.parseString("vmette.net { " + net + " }").withFallback(ConfigFactory.load())),
                said::add);
    }

    private static VmHandle launch(Vmette vmette, UnaryOperator<VmSpecBuilder> change) {
        return await(vmette.launch(change.apply(VmSpec.builder().memoryMib(128)).build()));
    }

    private static Guests.Result fetch(Vmette vmette, VmHandle vm, String address, int port) {
        Guests.upload(vmette, vm, "tcp-fetch");
        return sh(vmette, vm, "/tmp/tcp-fetch " + address + " " + port);
    }

    @Test
    void withoutANetworkThereIsNoCard() {
        try (Vmette vmette = vmette("", new ArrayList<>())) {
            VmHandle vm = launch(vmette, b -> b);
            assertThat(sh(vmette, vm, "ls /sys/class/net").stdout()).isEqualTo("lo\n");
            // Nor one that only lacks its driver: 02 is the class of network controllers.
            assertThat(sh(vmette, vm, "cut -c 3-4 /sys/bus/pci/devices/*/class | sort -u")
                            .stdout())
                    .contains("06\n")
                    .doesNotContain("02\n");
        }
    }

    @Test
    void theHostsNetworkIsReachedAndItsLoopbackIsNot() {
        List<String> said = new CopyOnWriteArrayList<>();
        try (Vmette vmette = vmette("passt = \"" + passt + "\"", said)) {
            VmHandle vm = launch(vmette, b -> b.net(true));
            assertThat(sh(
                                    vmette,
                                    vm,
                                    "cat /etc/resolv.conf; ip -4 addr show eth0 | grep -o 'inet [0-9./]*'; ip route | head -1")
                            .stdout())
                    .isEqualTo("nameserver 10.0.2.3\ninet 10.0.2.15/24\ndefault via 10.0.2.2 dev eth0 \n");
            assertThat(fetch(vmette, vm, NetworkHost.OUTSIDE, 8080).stdout()).isEqualTo("from out\n");
            assertThat(fetch(vmette, vm, "10.0.2.2", 8080).status().isSuccess()).isFalse();
        }
        assertThat(said).noneMatch(line -> line.contains("loopback"));
    }

    @Test
    void theHostsLoopbackIsReachedIfItIsAskedFor() {
        try (Vmette vmette = vmette("passt = \"" + passt + "\"", new ArrayList<>())) {
            VmHandle vm = launch(vmette, b -> b.net(true).netHostLoopback(true));
            assertThat(fetch(vmette, vm, "10.0.2.2", 8080).stdout()).isEqualTo("from lo\n");
        }
    }

    /** Nothing but the host's real loopback address is connected to. */
    @Test
    void qemusOwnNetworkSaysThatItCannotRefuseTheLoopback() throws IOException {
        List<String> said = new CopyOnWriteArrayList<>();
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
                Vmette vmette = vmette("backend = slirp", said)) {
            VmHandle vm = launch(vmette, b -> b.net(true));
            CompletableFuture<String> request = CompletableFuture.supplyAsync(() -> answer(server));
            assertThat(fetch(vmette, vm, "10.0.2.2", server.getLocalPort()).stdout())
                    .isEqualTo("over slirp\n");
            assertThat(await(request)).startsWith("GET /index.html");
        }
        assertThat(said)
                .anyMatch(line ->
                        line.contains("the guest can reach services on this host's loopback address, at 10.0.2.2"));
    }

    private static String answer(ServerSocket server) {
        try (Socket client = server.accept()) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
            String first = in.readLine();
            for (String line = first; line != null && !line.isEmpty(); ) {
                line = in.readLine();
            }
            client.getOutputStream()
                    .write("HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nover slirp\n"
                            .getBytes(StandardCharsets.US_ASCII));
            return first;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
