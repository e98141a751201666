package vmette.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** QMP as the least program that restores a VM speaks it: one blocking thread, one command at a time. */
final class BareMonitor implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final Duration LOOK_AGAIN = Duration.ofMillis(1);
    private static final Duration BUFFERS = Duration.ofMillis(3);

    private final ServerSocketChannel server;
    private SocketChannel peer;
    private BufferedReader lines;
    private boolean migrated;

    /** @param socket to listen on */
    BareMonitor(Path socket) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    /** Waits for QEMU's greeting, and answers it. */
    void meet() throws IOException {
        peer = server.accept();
        lines = new BufferedReader(Channels.newReader(peer, StandardCharsets.UTF_8));
        next();
        ask("qmp_capabilities", Map.of());
    }

    /** Has QEMU load the state on its standard input. */
    void load() throws IOException {
        ask(
                "migrate-set-capabilities",
                Map.of(
                        "capabilities",
                        List.of(
                                Map.of("capability", "x-ignore-shared", "state", true),
                                Map.of("capability", "events", "state", true))));
        ask("migrate-incoming", Map.of("uri", "fd:0"));
        while (!migrated) {
            note(next());
        }
    }

    /** Plugs the device in to which this back-end listens. */
    void plugVsock(Path backend) throws IOException {
        Map<String, ?> address = Map.of("type", "unix", "data", Map.of("path", backend.toString()));
        ask(
                "chardev-add",
                Map.of(
                        "id",
                        "vs",
                        "backend",
                        Map.of("type", "socket", "data", Map.of("addr", address, "server", false))));
        ask(
                "device_add",
                Map.of("driver", "vhost-user-vsock-pci", "id", "vsock0", "chardev", "vs", "bus", "pci.0", "addr", "5"));
    }

    /** Lets the guest go on. */
    void goOn() throws IOException {
        ask("cont", Map.of());
    }

    /** Waits until the guest's driver has taken the device. */
    void awaitDriver() throws IOException {
        while (!ask("x-query-virtio-status", Map.of("path", "/machine/peripheral/vsock0/virtio-backend"))
                .path("vhost-started")
                .asBoolean()) {
            Await.pause(LOOK_AGAIN);
        }
        // Its buffers come a little later, and are not to be seen.
        Await.pause(BUFFERS);
    }

    private JsonNode ask(String command, Map<String, ?> arguments) throws IOException {
        String line = MAPPER.writeValueAsString(Map.of("execute", command, "arguments", arguments)) + "\n";
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            peer.write(bytes);
        }
        JsonNode answer = next();
        while (!answer.has("return")) {
            if (answer.has("error")) {
                throw new IOException("QEMU refused " + command + ": " + answer);
            }
            note(answer);
            answer = next();
        }
        return answer.path("return");
    }

    private void note(JsonNode event) throws IOException {
        if (event.path("event").asText().equals("MIGRATION")) {
            String status = event.path("data").path("status").asText();
            if (status.equals("failed")) {
                throw new IOException("QEMU could not load the state");
            }
            migrated |= status.equals("completed");
        }
    }

    private JsonNode next() throws IOException {
        String line = lines.readLine();
        if (line == null) {
            throw new IOException("QEMU ended its monitor's connection");
        }
        return MAPPER.readTree(line);
    }

    @Override
    public void close() throws IOException {
        if (peer != null) {
            peer.close();
        }
        server.close();
    }
}
