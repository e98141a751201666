package vmette.guest.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import vmette.guest.AllocationLimit;

class AgentFrameDecoderFuzzTest {
    /** What came of a stream: the frames, where it was violated (-1: it was not), whether it ended within a frame. */
    private record Outcome(List<AgentFrame> frames, long violation, boolean cutShort) {}

    /** The input is what an agent sends. */
    @FuzzTest
    void anyStreamHasOneMeaningHoweverItIsCut(byte[] bytes) {
        Outcome whole = AllocationLimit.allocating(64L * bytes.length, () -> decode(bytes, List.of(bytes.length)));
        assertThat(decode(bytes, cuts(bytes, 1))).isEqualTo(whole);
        assertThat(decode(bytes, cuts(bytes, 1 + bytes.length / 3))).isEqualTo(whole);

        // there is one encoding of each frame: what was understood is what was sent
        byte[] again = encode(whole.frames());
        assertThat(again).isEqualTo(Arrays.copyOf(bytes, again.length));
        if (whole.violation() >= 0) {
            assertThat(whole.violation()).isBetween((long) again.length, (long) bytes.length);
            assertThat(whole.cutShort()).isFalse();
        } else {
            assertThat(whole.cutShort()).isEqualTo(again.length < bytes.length);
        }
    }

    private static Outcome decode(byte[] bytes, List<Integer> sizes) {
        AgentFrameDecoder decoder = new AgentFrameDecoder();
        List<AgentFrame> frames = new ArrayList<>();
        int at = 0;
        try {
            for (int size : sizes) {
                frames.addAll(decoder.decode(bytes, at, size));
                at += size;
            }
        } catch (ProtocolException e) {
            frames.addAll(e.before());
            return new Outcome(frames, e.offset(), false);
        }
        try {
            decoder.end();
            return new Outcome(frames, -1, false);
        } catch (ProtocolException e) {
            return new Outcome(frames, -1, true);
        }
    }

    /** Pieces of 0 to {@code largest} bytes, always the same ones for the same bytes. */
    private static List<Integer> cuts(byte[] bytes, int largest) {
        Random random = new Random(Arrays.hashCode(bytes));
        List<Integer> sizes = new ArrayList<>();
        for (int left = bytes.length; left > 0; left -= sizes.get(sizes.size() - 1)) {
            sizes.add(Math.min(left, random.nextInt(largest + 1)));
        }
        return sizes;
    }

    private static byte[] encode(List<AgentFrame> frames) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        frames.forEach(frame -> bytes.writeBytes(AgentFrames.encode(frame)));
        return bytes.toByteArray();
    }
}
