package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class QmpCodecTest {
    private static final String GREETING =
            "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7},"
                    + " \"package\": \"Debian\"}, \"capabilities\": [\"oob\"]}}\r";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Example
    void decodesWhatQemuSays() throws Exception {
        assertThat(QmpCodec.decode(bytes(GREETING))).isEqualTo(new QmpMessage.Greeting("7.2.22"));
        QmpMessage.Success success = (QmpMessage.Success) QmpCodec.decode(bytes("{\"return\": {\"a\": 1}, \"id\": 7}"));
        assertThat(success.id()).isEqualTo(7);
        assertThat(success.value().path("a").asInt()).isEqualTo(1);
        assertThat(QmpCodec.decode(bytes("{\"id\": 8, \"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}")))
                .isEqualTo(new QmpMessage.Refusal(8, "GenericError", "no"));
        QmpMessage.Event event =
                (QmpMessage.Event) QmpCodec.decode(bytes("{\"timestamp\": {\"seconds\": 1}, \"event\": \"SHUTDOWN\","
                        + " \"data\": {\"guest\": true, \"reason\": \"guest-shutdown\"}}"));
        assertThat(event.name()).isEqualTo("SHUTDOWN");
        assertThat(event.data().path("reason").asText()).isEqualTo("guest-shutdown");
        assertThat(((QmpMessage.Event) QmpCodec.decode(bytes("{\"event\": \"STOP\"}"))).data())
                .isEmpty();
    }

    @Example
    void refusesWhatQemuNeverSays() {
        List<String> lines = List.of(
                "",
                " ",
                "null",
                "1",
                "[]",
                "\"x\"",
                "{}",
                "{",
                "{\"return\": 1}",
                "{\"return\": 1, \"id\": \"x\"}",
                "{\"return\": 1, \"id\": 1e400}",
                "{\"return\": 1, \"id\": 99999999999999999999}",
                "{\"error\": 1, \"id\": 1}",
                "{\"error\": {}, \"id\": 1}",
                "{\"event\": 1}",
                "{\"event\": \"X\", \"data\": 1}",
                "{\"event\": \"X\"} trailing",
                "{\"event\": \"X\"}{\"event\": \"Y\"}");
        for (String line : lines) {
            assertThatThrownBy(() -> QmpCodec.decode(bytes(line))).isInstanceOf(QmpProtocolException.class);
        }
    }

    @Example
    void refusesDeepNesting() {
        String deep = "{\"event\": \"X\", \"data\": " + "{\"a\":".repeat(100_000) + "1" + "}".repeat(100_000) + "}";
        assertThatThrownBy(() -> QmpCodec.decode(bytes(deep))).isInstanceOf(QmpProtocolException.class);
    }

    @Example
    void encodesOneLine() {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("id", "vsock\n0");
        arguments.put("props", Map.of("addr", 5));
        assertThat(new String(QmpCodec.encode(3, "device_add", arguments), StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"execute\":\"device_add\",\"arguments\":{\"id\":\"vsock\\n0\",\"props\":{\"addr\":5}},\"id\":3}\n");
        assertThat(new String(QmpCodec.encode(4, "stop", Map.of()), StandardCharsets.UTF_8))
                .isEqualTo("{\"execute\":\"stop\",\"id\":4}\n");
        assertThatThrownBy(() -> QmpCodec.encode(1, "x", Map.of("a", new Object())))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Property(tries = 2000)
    void randomBytesAreAMessageOrRefused(@ForAll byte[] line) {
        decodeOrRefuse(line);
    }

    @Property(tries = 2000)
    void brokenMessagesAreAMessageOrRefused(@ForAll @IntRange(max = 115) int at, @ForAll byte with) {
        byte[] line = bytes(GREETING);
        line[at] = with;
        decodeOrRefuse(line);
    }

    private static void decodeOrRefuse(byte[] line) {
        try {
            assertThat(QmpCodec.decode(line)).isNotNull();
        } catch (QmpProtocolException refused) {
            assertThat(refused).hasMessageMatching("(?s).+");
        }
    }

    @Property(tries = 500)
    void linesAreTheSameHoweverTheyAreCut(@ForAll List<@IntRange(min = 1, max = 9) Integer> cuts) throws Exception {
        byte[] stream = bytes("one\n\ntwo two two\nthree\nrest");
        LineAssembler assembler = new LineAssembler(20);
        List<String> lines = new ArrayList<>();
        int from = 0;
        List<Integer> sizes = new ArrayList<>(cuts);
        sizes.add(stream.length);
        for (int size : sizes) {
            ByteBuffer chunk = ByteBuffer.wrap(stream, from, Math.min(size, stream.length - from));
            from += chunk.remaining();
            for (Optional<byte[]> line = assembler.take(chunk); line.isPresent(); line = assembler.take(chunk)) {
                lines.add(new String(line.get(), StandardCharsets.UTF_8));
            }
        }
        assertThat(lines).containsExactly("one", "", "two two two", "three");
    }

    @Example
    void linesAreBounded() throws Exception {
        LineAssembler assembler = new LineAssembler(3000);
        assertThat(assembler.take(ByteBuffer.wrap(bytes("x".repeat(3000) + "\n"))))
                .hasValueSatisfying(line -> assertThat(line).hasSize(3000));
        assertThatThrownBy(() -> assembler.take(ByteBuffer.wrap(bytes("x".repeat(3001)))))
                .isInstanceOf(QmpProtocolException.class)
                .hasMessageContaining("3000");
    }
}
