package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;

/** A peer that plays QEMU over a real socket. */
class QmpConnectionTest {
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 1, \"minor\": 2, \"major\": 9}}, \"capabilities\": []}}\r\n";
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private Path socket;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private QmpConnection connection;
    private SocketChannel peer;

    @BeforeEach
    void listen() {
        socket = directory.resolve("qmp.sock");
        connection = listen(LONG);
    }

    private QmpConnection listen(Duration timeout) {
        return QmpConnection.listen("test", socket, timeout, (name, data) -> events.add(name + data));
    }

    @AfterEach
    void close() throws Exception {
        connection.close();
        await(connection.closed());
        if (peer != null) {
            peer.close();
        }
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static AbstractThrowableAssert<?, ?> assertFailure(CompletionStage<?> stage) {
        return assertThatThrownBy(() -> await(stage))
                .isInstanceOf(ExecutionException.class)
                .cause();
    }

    private void connect() throws Exception {
        peer = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    }

    private void greet() throws Exception {
        connect();
        say(GREETING);
        assertThat(await(connection.greeting())).isEqualTo("9.2.1");
    }

    private void say(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            peer.write(bytes);
        }
    }

    private JsonNode hear() throws IOException {
        StringBuilder line = new StringBuilder();
        ByteBuffer one = ByteBuffer.allocate(1);
        while (peer.read(one) == 1 && one.get(0) != '\n') {
            line.append((char) one.get(0));
            one.clear();
        }
        return new JsonMapper().readTree(line.toString());
    }

    @Test
    void commandsAreAnsweredInAnyOrderWithEventsBetween() throws Exception {
        greet();
        var first = connection.execute("first", Map.of("a", 1));
        var second = connection.execute("second", Map.of());
        JsonNode one = hear();
        JsonNode two = hear();
        assertThat(one.toString()).contains("\"first\"", "{\"a\":1}");
        say("{\"return\": {\"n\": 2}, \"id\": " + two.path("id") + "}\r\n{\"event\": \"STOP\"}\r\n");
        say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"not now\"}, \"id\": " + one.path("id") + "}\r\n");

        assertThat(await(second).path("n").asInt()).isEqualTo(2);
        assertFailure(first).isInstanceOfSatisfying(QmpException.class, refusal -> {
            assertThat(refusal.errorClass()).isEqualTo("GenericError");
            assertThat(refusal.description()).isEqualTo("not now");
            assertThat(refusal).hasMessageContaining("first");
        });
        assertThat(events.poll(60, TimeUnit.SECONDS)).isEqualTo("STOP{}");
    }

    @Test
    void commandSentBeforeTheGreetingGoesOutOnceConnected() throws Exception {
        var early = connection.execute("early", Map.of());
        greet();
        say("{\"return\": {}, \"id\": " + hear().path("id") + "}\n");
        await(early);
    }

    @Test
    void socketIsGoneOnceThePeerIsThere() throws Exception {
        greet();
        assertThat(socket).doesNotExist();
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
    }

    @Test
    void lossFailsAllThatWaitsAndAllThatComes() throws Exception {
        greet();
        var pending = connection.execute("pending", Map.of());
        peer.close();
        assertFailure(pending).isInstanceOf(VmLostException.class);
        await(connection.closed());
        assertFailure(connection.execute("late", Map.of())).isInstanceOf(VmLostException.class);
    }

    @Test
    void silentPeerTimesOut() throws Exception {
        connection.close();
        await(connection.closed());
        connection = listen(Duration.ofMillis(50));
        connect();
        assertFailure(connection.greeting())
                .isInstanceOf(OperationTimeoutException.class)
                .hasMessageContaining("vmette.qemu.start-timeout");
        await(connection.closed());
        assertThat(socket).doesNotExist();
    }

    @Test
    void endOfAPeerThatNeverConnectedClosesAtOnce() throws Exception {
        connection.peerEnded();
        await(connection.closed());
        assertFailure(connection.greeting()).isInstanceOf(VmLostException.class);
        assertThat(socket).doesNotExist();
    }

    @Test
    void lastWordsOfAPeerThatHasEndedAreHeard() throws Exception {
        connect();
        say(GREETING + "{\"event\": \"SHUTDOWN\"}\r\n");
        peer.close();
        connection.peerEnded();
        await(connection.closed());
        assertThat(await(connection.greeting())).isEqualTo("9.2.1");
        assertThat(events).containsExactly("SHUTDOWN{}");
    }

    @Test
    void violationsEndTheConnection() throws Exception {
        List<String> violations = List.of(
                "{\"event\": \"STOP\"}\n",
                GREETING + GREETING,
                GREETING + "{\"return\": {}, \"id\": 99}\n",
                GREETING + "{\"return\": {}}\n",
                GREETING + "hello\n",
                "\n");
        for (String violation : violations) {
            connect();
            say(violation);
            await(connection.closed());
            assertFailure(connection.execute("x", Map.of()))
                    .isInstanceOf(VmLostException.class)
                    .hasMessageContaining("broke the QMP protocol");
            peer.close();
            connection = listen(LONG);
        }
    }

    @Test
    void endlessLineEndsTheConnection() throws Exception {
        connect();
        String piece = "x".repeat(64 * 1024);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 1000; i++) {
                        say(piece);
                    }
                })
                .isInstanceOf(IOException.class);
        assertFailure(connection.greeting()).hasMessageContaining("a line of more than 1048576 bytes");
    }

    @Test
    void randomPeersEndTheConnectionAndNothingElse() throws Exception {
        Random random = new Random(42);
        for (int round = 0; round < 50; round++) {
            connect();
            byte[] noise = new byte[random.nextInt(5000)];
            random.nextBytes(noise);
            String text = (round % 2 == 0 ? GREETING : "") + new String(noise, StandardCharsets.ISO_8859_1) + "\n";
            var pending = connection.execute("x", Map.of());
            try {
                say(text);
            } catch (IOException alreadyThrownOut) {
                assertThat(peer.isOpen()).isTrue();
            }
            await(connection.closed());
            assertFailure(pending).isInstanceOf(VmLostException.class);
            peer.close();
            connection = listen(LONG);
        }
        greet();
    }

    @Test
    void unansweredCommandsAreBoundedAndNeverBlock() throws Exception {
        greet();
        List<CompletionStage<JsonNode>> answers = new ArrayList<>();
        Map<String, String> large = Map.of("text", "x".repeat(2_000));
        for (int i = 0; i < QmpRequests.MAX_PENDING; i++) {
            answers.add(connection.execute("large", large));
        }
        assertFailure(connection.execute("one-more", Map.of()))
                .isInstanceOf(VmLostException.class)
                .hasMessageContaining("unanswered");
        for (int i = 0; i < QmpRequests.MAX_PENDING; i++) {
            say("{\"return\": {}, \"id\": " + hear().path("id") + "}\n");
        }
        for (CompletionStage<JsonNode> answer : answers) {
            await(answer);
        }
    }

    @Test
    void failingListenerEndsNothing() throws Exception {
        connection.close();
        await(connection.closed());
        connection = QmpConnection.listen("test", socket, LONG, (name, data) -> {
            events.add(name);
            throw new IllegalStateException("careless");
        });
        greet();
        say("{\"event\": \"A\"}\n{\"event\": \"B\"}\n");
        assertThat(events.poll(60, TimeUnit.SECONDS)).isEqualTo("A");
        assertThat(events.poll(60, TimeUnit.SECONDS)).isEqualTo("B");
    }

    @Test
    void socketThatIsThereAlreadyIsNotReplaced() throws Exception {
        assertThatThrownBy(() -> listen(LONG))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(socket.toString());
        assertThat(Files.exists(socket)).isTrue();
    }
}
