package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmLostException;

/** With a peer that plays QEMU over a real socket. */
class BlockFreezeTest {
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 9}}, \"capabilities\": []}}\r\n";

    @TempDir
    private Path directory;

    private final BlockingQueue<String> asked = new LinkedBlockingQueue<>();

    /** Answers whatever it is asked but one command. */
    private void play(SocketChannel peer, String silent) {
        try (BufferedReader lines = new BufferedReader(Channels.newReader(peer, StandardCharsets.UTF_8))) {
            peer.write(ByteBuffer.wrap(GREETING.getBytes(StandardCharsets.UTF_8)));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode command = new JsonMapper().readTree(line);
                String name = command.path("execute").asText();
                asked.add(name);
                if (!name.equals(silent)) {
                    String answer = "{\"return\": {}, \"id\": " + command.path("id") + "}\r\n";
                    peer.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                }
            }
        } catch (IOException closed) {
            asked.add("closed");
        }
    }

    /** A host's disk that stalls for longer than QEMU is waited for: the guest would go on with a file that is removed, and the next save would be of another. */
    @Test
    void disksThatMayBeFrozenOrNotAreTheEndOfTheirVm() throws Exception {
        QemuLaunch launch = new QemuLaunch(
                "m",
                new BootSource.Firmware(),
                1,
                64,
                directory,
                false,
                new NetworkCard.None(),
                List.of(new BlockDisk(Path.of("/scratch"), false, "scratch", false, true)),
                List.of());
        Path socket = directory.resolve("qmp.sock");
        try (QmpConnection connection = QmpConnection.listen("m", socket, Duration.ofSeconds(60), (name, data) -> {});
                SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            Thread playing = new Thread(() -> play(peer, "transaction"));
            playing.start();
            connection.greeting().toCompletableFuture().join();
            QmpDialogue qmp = new QmpDialogue("m", connection, new EventWaits(), Duration.ofSeconds(5));
            BlockFreeze freeze = new BlockFreeze(launch, qmp);
            freeze.prepare(Map.of("scratch", Path.of("/over")), Map.of());
            assertThatThrownBy(freeze::freeze)
                    .isInstanceOf(VmLostException.class)
                    .hasMessageContaining("VM m cannot go on")
                    .hasMessageContaining("did not answer transaction");
            assertThat(asked).containsExactly("blockdev-add", "blockdev-add", "transaction");
        }
    }
}
