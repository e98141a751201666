package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

class ControlCodecFuzzTest {
    private static final int HEADER = 5;

    /** What came of a stream: the frames, how many bytes they took, and why no more came. */
    private record Outcome(List<ControlFrame> frames, int used, IOException end) {}

    /** The input is what the other end of a control connection sends. */
    @FuzzTest
    void anyStreamIsFramesUpToAnEndOrARefusal(byte[] bytes) {
        Outcome outcome = read(bytes);
        assertThat(outcome.end()).hasMessageContaining("control").hasMessageNotContaining("null");
        if (!(outcome.end() instanceof EOFException)) {
            assertThat(outcome.used()).isLessThan(bytes.length);
        }

        // what was understood can be said, in no more bytes unless text was mended, and means the same
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        outcome.frames().forEach(frame -> encode(frame).ifPresent(written::writeBytes));
        byte[] again = written.toByteArray();
        Outcome second = read(again);
        assertThat(second.end()).isInstanceOf(EOFException.class);
        assertThat(second.used()).isEqualTo(again.length);
        ByteArrayOutputStream third = new ByteArrayOutputStream();
        second.frames().forEach(frame -> third.writeBytes(ControlCodec.write(frame)));
        assertThat(third.toByteArray()).isEqualTo(again);
        if (!new String(again, java.nio.charset.StandardCharsets.ISO_8859_1).contains("\u00ef\u00bf\u00bd")) {
            assertThat(again).isEqualTo(Arrays.copyOf(bytes, outcome.used()));
        }
    }

    /** Text that was no UTF-8 has grown, so that the frame may have come to be too long: empty. */
    private static Optional<byte[]> encode(ControlFrame frame) {
        try {
            return Optional.of(ControlCodec.write(frame));
        } catch (IllegalArgumentException tooLong) {
            return Optional.empty();
        }
    }

    private static Outcome read(byte[] bytes) {
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        List<ControlFrame> frames = new ArrayList<>();
        int used = 0;
        try {
            while (true) {
                int before = in.available();
                ControlFrame frame = ControlCodec.read(in);
                int size = before - in.available();
                assertThat(size).isBetween(HEADER, HEADER + ControlCodec.MAX_BODY);
                if (frame instanceof ControlFrame.Data data) {
                    assertThat(data.bytes()).hasSize(size - HEADER);
                }
                frames.add(frame);
                used = bytes.length - in.available();
            }
        } catch (IOException end) {
            return new Outcome(frames, used, end);
        }
    }
}
