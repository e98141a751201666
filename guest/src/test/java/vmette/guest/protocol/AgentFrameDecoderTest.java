package vmette.guest.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgentFrameDecoderTest {
    private final AgentFrameDecoder decoder = new AgentFrameDecoder();

    @Test
    void aLengthOutOfBoundsIsRefusedWithItsLastByte() throws ProtocolException {
        decoder.decode(hex("010010"), 0, 3);
        assertThatThrownBy(() -> decoder.decode(hex("00"), 0, 1))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("1048577");
        assertRefused("00000000", "a frame of 0 bytes");
        assertRefused("ffffffff", "4294967295");
    }

    @Test
    void theGreatestFrameIsTakenInChunksOfAnySize() throws ProtocolException {
        AgentFrame greatest = new AgentFrame.Hello(1, "x".repeat(GuestProtocol.MAX_FRAME - 7));
        byte[] bytes = AgentFrames.encode(greatest);
        assertThat(bytes).hasSize(4 + GuestProtocol.MAX_FRAME);
        List<AgentFrame> decoded = List.of();
        for (int at = 0; at < bytes.length; at += 1000) {
            decoded = decoder.decode(bytes, at, Math.min(1000, bytes.length - at));
        }
        assertThat(decoded).containsExactly(greatest);
    }

    @Test
    void anAnnouncedLengthCostsNoMemory() throws ProtocolException {
        com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] announced = hex("00001000 81");
        decoder.decode(announced, 0, announced.length);
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 100; i++) {
            new AgentFrameDecoder().decode(announced, 0, announced.length);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(100L * 4096);
    }

    @Test
    void aTextLongerThanItsFrameIsRefusedBeforeItIsRead() {
        ProtocolException refused =
                catchThrowableOfType(ProtocolException.class, () -> decode("09000000 81 0100 ffffff7f 6134"));
        assertThat(refused).hasMessageContaining("2147483647");
        assertThat(refused.offset()).isEqualTo(7);
    }

    @Test
    void framesBeforeTheViolationAreHandedOver() {
        byte[] good = AgentFrames.encode(new AgentFrame.Error(1, 0, "version 2 here"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(good);
        bytes.writeBytes(hex("01000000 55"));
        ProtocolException refused = catchThrowableOfType(
                ProtocolException.class, () -> decoder.decode(bytes.toByteArray(), 0, bytes.size()));
        assertThat(refused).hasMessageContaining("0x55");
        assertThat(refused.before()).containsExactly(new AgentFrame.Error(1, 0, "version 2 here"));
        assertThat(refused.offset()).isEqualTo(good.length + 4L);
    }

    @Test
    void aBrokenDecoderStaysBroken() {
        assertThatThrownBy(() -> decode("00000000")).isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> decode("0d000000 84 0500000000000000 09000000"))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("after a violation");
    }

    @Test
    void whatNoAgentMaySayIsRefused() {
        assertRefused("0d000000 84 0500000000000000 00000000", "process id 0");
        assertRefused("0d000000 84 0500000000000000 ffffffff", "4294967295");
        assertRefused("0f000000 87 0500000000000000 01 00000000 00", "SIGNALLED");
        assertRefused("0f000000 87 0500000000000000 00 00010000 00", "EXITED with value 256");
        assertRefused("0f000000 87 0500000000000000 00 00000000 02", "unknown flags 2");
        assertRefused("0f000000 87 0500000000000000 02 00000000 00", "ExitKind 2");
        assertRefused("08000000 81 0100 01000000 00", "NUL");
        assertRefused("08000000 81 0100 01000000 ff", "UTF-8");
        assertRefused("19000000 86 0100000000000000 0200000000000000 ffffffffffffffff", "time");
        assertRefused("0d000000 89 0500000000000000 00100000", "errno 4096");
        assertRefused("0e000000 89 0500000000000000 00000000 00", "");
        assertRefused("03000000 01 0100", "type 0x1");
        String restored = "5d000000 8a" + "00".repeat(16);
        assertRefused(restored + "ffffffffffffffff" + "00".repeat(68), "a time of 18446744073709551615 ns");
        assertRefused(restored + "00".repeat(8) + "0000000000000080" + "00".repeat(60), "step");
        assertRefused(restored + "00".repeat(16) + "0000000000000080" + "00".repeat(52), "time");
        String attached = "2b000000 88 0500000000000000 01" + "01".repeat(16);
        assertRefused(attached + "06 00000000 0000000000000000 00000000", "AttachmentState 6");
        assertRefused(attached + "00 00000000 0000000000000000 00000000", "ring of 0 bytes");
        assertRefused(attached + "00 00000000 0000000000000000 01000004", "ring of 67108865 bytes");
        assertRefused(attached + "02 00000000 0000000000000000 01000000", "ring of 1 bytes");
        assertRefused(attached + "01 00000000 0000000000000000 00000000", "REFUSED with errno 0");
        assertRefused(attached + "02 05000000 0000000000000000 00000000", "ENDED with errno 5");
        assertRefused(attached + "02 00000000 ffffffffffffffff 00000000", "offset 18446744073709551615");
        assertRefused(
                "2b000000 88 0500000000000000 03" + "01".repeat(16) + "02 00000000 0000000000000000 00000000",
                "StreamId 3");
    }

    @Test
    void aRangeOutsideTheArrayIsTheCallersError() {
        assertThatThrownBy(() -> decoder.decode(new byte[4], 2, 3)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static void assertRefused(String digits, String why) {
        byte[] bytes = hex(digits);
        assertThatThrownBy(() -> new AgentFrameDecoder().decode(bytes, 0, bytes.length))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining(why);
    }

    private List<AgentFrame> decode(String digits) throws ProtocolException {
        byte[] bytes = hex(digits);
        return decoder.decode(bytes, 0, bytes.length);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }
}
