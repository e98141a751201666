package vmette.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.Vmette;
import vmette.config.RuntimeSettings;
import vmette.errors.VmetteIoException;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.vsock.VsockCounts;

/** Who is answered what, and who cannot be asked at all. */
class MetricsEndpointTest {
    private static final VmetteMetrics METRICS =
            new VmetteMetrics(new VmEvents(1), new VmBoard(), () -> VsockCounts.NONE);

    private static RuntimeSettings settings(int port) {
        return RuntimeSettings.from(
                ConfigFactory.parseString("vmette.metrics.port = " + port).withFallback(ConfigFactory.load()));
    }

    private static int status(int port, String method, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                .method(method, HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void onePathAndOneMethod() throws Exception {
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, METRICS)) {
            assertThat(status(endpoint.port(), "GET", "/metrics")).isEqualTo(200);
            assertThat(status(endpoint.port(), "GET", "/")).isEqualTo(404);
            assertThat(status(endpoint.port(), "GET", "/metrics/more")).isEqualTo(404);
            assertThat(status(endpoint.port(), "POST", "/metrics")).isEqualTo(405);
            assertThat(status(endpoint.port(), "DELETE", "/metrics")).isEqualTo(405);
        }
    }

    @Test
    void onlyOnLoopback() throws Exception {
        List<InetAddress> others = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.equals(InetAddress.getLoopbackAddress()))
                .toList();
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, METRICS)) {
            for (InetAddress other : others) {
                try (Socket socket = new Socket()) {
                    assertThatThrownBy(() -> socket.connect(new InetSocketAddress(other, endpoint.port()), 5_000))
                            .as(other.toString())
                            .isInstanceOf(IOException.class);
                }
            }
        }
    }

    @Test
    void whoSaysNothingKeepsNobodyFromTheMeters() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, METRICS, 200)) {
            for (int i = 0; i < 8; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
                silent.add(socket);
                socket.getOutputStream().write("GET /met".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(status(endpoint.port(), "GET", "/metrics")).isEqualTo(200);
            for (Socket socket : silent) {
                socket.setSoTimeout(30_000);
                try (InputStream answer = socket.getInputStream()) {
                    assertThat(answer.readAllBytes()).isEmpty();
                }
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    @Test
    void aRuntimeOpensAndClosesIt() throws Exception {
        int port;
        try (Vmette vmette = Vmette.create(settings(0))) {
            port = vmette.metricsPort().orElseThrow();
            assertThat(status(port, "GET", "/metrics")).isEqualTo(200);
        }
        assertThatThrownBy(() -> status(port, "GET", "/metrics")).isInstanceOf(ConnectException.class);
        try (Vmette vmette = Vmette.create(settings(-1))) {
            assertThat(vmette.metricsPort()).isEmpty();
        }
    }

    @Test
    void aPortThatIsTakenIsToldBeforeAnythingStarts() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> Vmette.create(settings(taken.getLocalPort())))
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("127.0.0.1:" + taken.getLocalPort())
                    .hasMessageContaining("vmette.metrics.port");
        }
    }

    /** Nobody is waited for here: not for a second, and not for an hour. */
    @Test
    void soManyAreLetInAndTheOldestGoesForOneMore() throws Exception {
        List<Socket> silent = new ArrayList<>();
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, METRICS, 3_600_000)) {
            for (int i = 0; i < 4 * Door.MOST; i++) {
                Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.port());
                silent.add(socket);
                socket.getOutputStream().write("GET /met".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(status(endpoint.port(), "GET", "/metrics")).isEqualTo(200);
            for (Socket socket : silent.subList(0, 3 * Door.MOST)) {
                socket.setSoTimeout(60_000);
                assertThat(isClosed(socket)).isTrue();
            }
        } finally {
            for (Socket socket : silent) {
                socket.close();
            }
        }
    }

    private static boolean isClosed(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketException reset) {
            return true;
        }
    }

    private static String answer(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            return answer.lines().findFirst().orElse("");
        }
    }

    @Test
    void whatIsNoRequestIsRefused() throws Exception {
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, METRICS)) {
            int port = endpoint.port();
            assertThat(answer(port, "GET /metrics?x=1 HTTP/1.0\n\n")).isEqualTo("HTTP/1.1 200 OK");
            assertThat(answer(port, "GET /metrics HTTP/2.0\r\n\r\n")).isEqualTo("HTTP/1.1 400 Bad Request");
            assertThat(answer(port, "GET  /metrics HTTP/1.1\r\n\r\n")).isEqualTo("HTTP/1.1 400 Bad Request");
            assertThat(answer(port, "\r\n\r\n")).isEqualTo("HTTP/1.1 400 Bad Request");
            assertThat(answer(port, "GET /metrics HTTP/1.1\r\nX: " + "y".repeat(17_000)))
                    .isEqualTo("HTTP/1.1 400 Bad Request");
            assertThat(answer(port, "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")).isEqualTo("HTTP/1.1 200 OK");
        }
    }

    @Test
    void whatSlowSubscribersMissIsCounted() {
        VmEvents events = new VmEvents(1);
        io.micrometer.core.instrument.simple.SimpleMeterRegistry registry =
                new io.micrometer.core.instrument.simple.SimpleMeterRegistry();
        new VmetteMetrics(events, new VmBoard(), () -> VsockCounts.NONE).bindTo(registry);
        akka.actor.typed.ActorSystem<Void> system =
                akka.actor.typed.ActorSystem.create(akka.actor.typed.javadsl.Behaviors.empty(), "slow");
        try {
            // It asks for nothing.
            events.all().runWith(akka.stream.javadsl.Sink.queue(1), system);
            for (int i = 0; i < 20; i++) {
                events.publish(new vmette.actors.VmEvent.Launched("vm", java.time.Instant.EPOCH));
            }
            assertThat(events.missed()).isPositive();
            assertThat(registry.get("vmette.events.missed").functionCounter().count())
                    .isEqualTo((double) events.missed());
        } finally {
            system.terminate();
        }
    }
}
