package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

class QmpFuzzTest {
    private static final int MAX_LINE = 200;

    /** The input is what a monitor sends: lines, each a message or refused, and the same lines however they are cut. */
    @FuzzTest
    void everyLineIsAMessageOrRefused(byte[] bytes) {
        List<String> whole = lines(bytes, bytes.length);
        assertThat(lines(bytes, 1)).isEqualTo(whole);
        assertThat(lines(bytes, 7)).isEqualTo(whole);
    }

    /** What the lines say; the last says if one was too long. */
    private static List<String> lines(byte[] bytes, int piece) {
        LineAssembler assembler = new LineAssembler(MAX_LINE);
        List<String> said = new ArrayList<>();
        try {
            for (int at = 0; at < bytes.length; at += piece) {
                ByteBuffer chunk = ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at));
                for (Optional<byte[]> line = assembler.take(chunk); line.isPresent(); line = assembler.take(chunk)) {
                    assertThat(line.get().length).isLessThanOrEqualTo(MAX_LINE);
                    said.add(meaning(line.get()));
                }
                assertThat(chunk.hasRemaining()).isFalse();
            }
        } catch (QmpProtocolException e) {
            assertThat(e).hasMessage("a line of more than " + MAX_LINE + " bytes");
            said.add(e.getMessage());
        }
        return said;
    }

    private static String meaning(byte[] line) {
        QmpMessage message;
        try {
            message = QmpCodec.decode(line);
        } catch (QmpProtocolException e) {
            assertThat(e.getMessage()).isNotBlank();
            return "refused";
        }
        if (message instanceof QmpMessage.Event event) {
            assertThat(event.name()).isNotNull();
            assertThat(event.data().isObject()).isTrue();
        } else if (message instanceof QmpMessage.Refusal refusal) {
            assertThat(refusal.errorClass()).isNotNull();
            assertThat(refusal.description()).isNotNull();
        } else if (message instanceof QmpMessage.Success success) {
            assertThat(success.value()).isNotNull();
        }
        return message.toString();
    }
}
