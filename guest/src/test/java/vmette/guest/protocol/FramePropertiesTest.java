package vmette.guest.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class FramePropertiesTest {
    @Provide
    Arbitrary<HostFrame> host() {
        return FrameArbitraries.host();
    }

    @Provide
    Arbitrary<AgentFrame> agent() {
        return FrameArbitraries.agent();
    }

    @Property
    void hostFramesComeBack(@ForAll("host") HostFrame frame) throws ProtocolException {
        byte[] bytes = HostFrames.encode(frame);
        assertThat(new HostFrameDecoder().decode(bytes, 0, bytes.length)).containsExactly(frame);
    }

    @Property
    void agentFramesComeBackHoweverTheyAreCut(
            @ForAll @Size(min = 1, max = 8) List<@From("agent") AgentFrame> frames, @ForAll Random random)
            throws ProtocolException {
        byte[] bytes = encode(frames);
        AgentFrameDecoder decoder = new AgentFrameDecoder();
        List<AgentFrame> decoded = new ArrayList<>();
        int at = 0;
        while (at < bytes.length) {
            int size = Math.min(bytes.length - at, random.nextInt(12));
            decoded.addAll(decoder.decode(bytes, at, size));
            at += size;
        }
        decoder.end();
        assertThat(decoded).isEqualTo(frames);
    }

    @Property(tries = 200)
    void agentFramesComeBackCutAtEveryPlace(@ForAll("agent") AgentFrame frame) throws ProtocolException {
        byte[] bytes = AgentFrames.encode(frame);
        for (int cut = 0; cut <= bytes.length; cut++) {
            AgentFrameDecoder decoder = new AgentFrameDecoder();
            List<AgentFrame> decoded = new ArrayList<>(decoder.decode(bytes, 0, cut));
            decoded.addAll(decoder.decode(bytes, cut, bytes.length - cut));
            assertThat(decoded).as("cut at %d", cut).containsExactly(frame);
        }
    }

    @Property(tries = 5000)
    void randomBytesAreFramesOrAProtocolException(@ForAll byte[] bytes) {
        outcome(bytes);
    }

    @Property(tries = 5000)
    void mutatedFramesAreFramesOrAProtocolException(
            @ForAll("agent") AgentFrame first, @ForAll("agent") AgentFrame second, @ForAll Random random) {
        byte[] bytes = encode(List.of(first, second));
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        List<AgentFrame> whole = outcome(bytes);
        AgentFrameDecoder decoder = new AgentFrameDecoder();
        List<AgentFrame> singly = new ArrayList<>();
        try {
            for (int i = 0; i < bytes.length; i++) {
                singly.addAll(decoder.decode(bytes, i, 1));
            }
        } catch (ProtocolException e) {
            singly.addAll(e.before());
        }
        assertThat(singly).as("the same frames however they are cut").isEqualTo(whole);
    }

    @Property(tries = 500)
    void aShortenedFrameIsNeverTakenForAWholeOne(
            @ForAll("agent") AgentFrame frame, @ForAll @IntRange(min = 1, max = 1000) int cut)
            throws ProtocolException {
        byte[] bytes = AgentFrames.encode(frame);
        AgentFrameDecoder decoder = new AgentFrameDecoder();
        int kept = Math.max(1, bytes.length - cut);
        assertThat(decoder.decode(bytes, 0, kept)).isEmpty();
        assertThatThrownBy(decoder::end).isInstanceOf(ProtocolException.class);
    }

    @Property(tries = 500)
    void aBodyIsUsedUpExactly(@ForAll("agent") AgentFrame frame, @ForAll @IntRange(min = 1, max = 200) int extra) {
        byte[] bytes = AgentFrames.encode(frame);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + extra);
        int length = longer.length - 4;
        longer[0] = (byte) length;
        longer[1] = (byte) (length >>> 8);
        assertThatThrownBy(() -> new AgentFrameDecoder().decode(longer, 0, longer.length))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("too many");
    }

    @Property(tries = 2000)
    void theHostsFramesComeBackHoweverTheyAreCutAndNothingElseIsThrownOverMutatedOnes(
            @ForAll("host") HostFrame first, @ForAll("host") HostFrame second, @ForAll Random random)
            throws ProtocolException {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(HostFrames.encode(first));
        both.writeBytes(HostFrames.encode(second));
        byte[] bytes = both.toByteArray();
        assertThat(decodedInPieces(bytes, random)).containsExactly(first, second);
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        try {
            assertThat(decodedInPieces(bytes, random).size()).isBetween(0, bytes.length / 5);
        } catch (ProtocolException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static List<HostFrame> decodedInPieces(byte[] bytes, Random random) throws ProtocolException {
        HostFrameDecoder decoder = new HostFrameDecoder();
        List<HostFrame> decoded = new ArrayList<>();
        int at = 0;
        while (at < bytes.length) {
            int size = Math.min(bytes.length - at, random.nextInt(50));
            decoded.addAll(decoder.decode(bytes, at, size));
            at += size;
        }
        return decoded;
    }

    private static List<AgentFrame> outcome(byte[] bytes) {
        try {
            return new AgentFrameDecoder().decode(bytes, 0, bytes.length);
        } catch (ProtocolException e) {
            assertThat(e.offset()).isBetween(0L, (long) bytes.length);
            return e.before();
        }
    }

    private static byte[] encode(List<AgentFrame> frames) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        frames.forEach(frame -> bytes.writeBytes(AgentFrames.encode(frame)));
        return bytes.toByteArray();
    }
}
