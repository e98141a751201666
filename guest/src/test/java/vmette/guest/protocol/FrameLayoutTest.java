package vmette.guest.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Bytes written by hand from docs/guest-protocol.md, so that both directions of the codec cannot be wrong alike. */
class FrameLayoutTest {
    private static final Token ONES = Token.of(hex("01010101010101010101010101010101"));
    private static final String ZEROS = "00".repeat(16);

    @Test
    void everyHostFrameHasItsWrittenLayout() {
        assertThat(HostFrames.encode(new HostFrame.Hello(1))).isEqualTo(hex("03000000 01 0100"));
        assertThat(HostFrames.encode(new HostFrame.Boot(RootMode.INITRAMFS, "vm", List.of("A=b"))))
                .isEqualTo(hex("13000000 02 00 02000000 766d 01000000 03000000 413d62"));
        assertThat(HostFrames.encode(new HostFrame.Signal(0x0102030405060708L, 15, true)))
                .isEqualTo(hex("0e000000 04 0807060504030201 0f000000 01"));
        assertThat(HostFrames.encode(new HostFrame.Resize(1, new WindowSize(24, 80))))
                .isEqualTo(hex("0d000000 05 0100000000000000 1800 5000"));
        assertThat(HostFrames.encode(new HostFrame.Ping(-1))).isEqualTo(hex("09000000 06 ffffffffffffffff"));
        assertThat(HostFrames.encode(new HostFrame.Shutdown())).isEqualTo(hex("01000000 07"));
        assertThat(HostFrames.encode(new HostFrame.Discard(2, StreamId.STDERR)))
                .isEqualTo(hex("0a000000 08 0200000000000000 02"));
        assertThat(HostFrames.encode(new HostFrame.Forward(3, ONES, 8080)))
                .isEqualTo(hex("1b000000 0b 0300000000000000" + "01".repeat(16) + "901f"));
        assertThat(HostFrames.encode(HostFrame.Forward.giveUp(3)))
                .isEqualTo(hex("1b000000 0b 0300000000000000" + ZEROS + "0000"));
    }

    @Test
    void execHasItsWrittenLayout() {
        HostFrame.Exec exec = new HostFrame.Exec(
                7,
                Set.of(ExecFlag.LEAVE_GROUP, ExecFlag.MERGE),
                StreamSetup.none(),
                StreamSetup.connection(ONES),
                StreamSetup.none(),
                Duration.ofMillis(500),
                Duration.ofSeconds(2),
                new WindowSize(1, 2),
                "/tmp",
                List.of("ls", ""),
                List.of("A="));
        assertThat(HostFrames.encode(exec))
                .isEqualTo(hex("70000000 03 0700000000000000 0a000000"
                        + "00" + ZEROS + "01" + "01".repeat(16) + "00" + ZEROS
                        + "f4010000 d0070000 00000000 0100 0200 04000000 2f746d70"
                        + "02000000 02000000 6c73 00000000"
                        + "01000000 02000000 413d"));
    }

    @Test
    void aDetachedExecHasItsWrittenLayout() {
        HostFrame.Exec exec = new HostFrame.Exec(
                7,
                Set.of(ExecFlag.DETACHED, ExecFlag.BLOCK),
                StreamSetup.none(),
                StreamSetup.replay(),
                StreamSetup.none(),
                Duration.ZERO,
                Duration.ZERO,
                0x01020304,
                WindowSize.UNKNOWN,
                "",
                List.of("a"),
                List.of(),
                "");
        assertThat(HostFrames.encode(exec))
                .isEqualTo(hex("61000000 03 0700000000000000 24000000"
                        + "00" + ZEROS + "02" + ZEROS + "00" + ZEROS
                        + "00000000 00000000 04030201 0000 0000 00000000"
                        + "01000000 01000000 61 00000000"));
    }

    @Test
    void anExecAsAUserEndsWithIt() {
        HostFrame.Exec exec = new HostFrame.Exec(
                7,
                Set.of(ExecFlag.USER),
                StreamSetup.none(),
                StreamSetup.none(),
                StreamSetup.none(),
                Duration.ZERO,
                Duration.ZERO,
                0,
                WindowSize.UNKNOWN,
                "",
                List.of("a"),
                List.of(),
                "app");
        assertThat(HostFrames.encode(exec))
                .isEqualTo(hex("68000000 03 0700000000000000 40000000"
                        + "00" + ZEROS + "00" + ZEROS + "00" + ZEROS
                        + "00000000 00000000 00000000 0000 0000 00000000"
                        + "01000000 01000000 61 00000000 03000000 617070"));
    }

    @Test
    void whatTheRootIsMadeOfHasItsWrittenLayout() {
        assertThat(HostFrames.encode(new HostFrame.Scratch("s1"))).isEqualTo(hex("07000000 0c 02000000 7331"));
        assertThat(HostFrames.encode(new HostFrame.Root(true, false, "erofs", "r")))
                .isEqualTo(hex("10000000 0d 01 05000000 65726f6673 01000000 72"));
        assertThat(HostFrames.encode(new HostFrame.Root(false, true, "virtiofs", "r")))
                .isEqualTo(hex("13000000 0d 02 08000000 76697274696f6673 01000000 72"));
        assertThat(HostFrames.encode(
                        new HostFrame.Net(Ipv4.of(10, 0, 2, 15), 24, Ipv4.of(10, 0, 2, 2), Ipv4.of(10, 0, 2, 3))))
                .isEqualTo(hex("0e000000 0f 0a00020f 18 0a000202 0a000203"));
        assertThat(HostFrames.encode(new HostFrame.Share(true, "work")))
                .isEqualTo(hex("0a000000 0e 01 04000000 776f726b"));
        assertThat(HostFrames.encode(new HostFrame.Trust(List.of("a", "bc"))))
                .isEqualTo(hex("10000000 10 02000000 01000000 61 02000000 6263"));
    }

    @Test
    void whatConcernsARestoreHasItsWrittenLayout() throws ProtocolException {
        InstanceId instance = new InstanceId(0x0123456789abcdefL, 0x1011121314151617L);
        byte[] entropy = new byte[64];
        Arrays.fill(entropy, (byte) 0xee);
        assertThat(HostFrames.encode(new HostFrame.Restore(
                        Instant.ofEpochSecond(1, 2), Entropy.of(entropy), instance, "c", List.of("A=b"))))
                .isEqualTo(hex("69000000 11 02ca9a3b00000000" + "ee".repeat(64) + "0123456789abcdef1011121314151617"
                        + "01000000 63 01000000 03000000 413d62"));
        assertThat(HostFrames.encode(new HostFrame.Instance(instance)))
                .isEqualTo(hex("11000000 12 0123456789abcdef1011121314151617"));
        byte[] bytes = hex("60000000 8a 0123456789abcdef1011121314151617 02ca9a3b00000000 feffffffffffffff"
                + "0100000000000000 0200000000000000 0300000000000000 0400000000000000 0500000000000000"
                + "0600000000000000 0700000000000000 03000000 362e31");
        assertThat(new AgentFrameDecoder().decode(bytes, 0, bytes.length))
                .containsExactly(new AgentFrame.Restored(
                        instance,
                        Instant.ofEpochSecond(1, 2),
                        Duration.ofNanos(-2),
                        new AgentFrame.RestoreSteps(
                                Duration.ofNanos(1),
                                Duration.ofNanos(2),
                                Duration.ofNanos(3),
                                Duration.ofNanos(4),
                                Duration.ofNanos(5)),
                        new AgentFrame.Ready(Duration.ofNanos(6), 7, "6.1")));
    }

    @Test
    void whatConcernsAttachmentsHasItsWrittenLayout() throws ProtocolException {
        assertThat(HostFrames.encode(new HostFrame.Attach(5, StreamId.STDERR, ONES, 0x1122334455667788L)))
                .isEqualTo(hex("22000000 09 0500000000000000 02" + "01".repeat(16) + "8877665544332211"));
        assertThat(HostFrames.encode(new HostFrame.Release(6))).isEqualTo(hex("09000000 0a 0600000000000000"));
        assertThat(Openings.acknowledgement(0x1122334455667788L)).isEqualTo(hex("8877665544332211"));
        byte[] bytes = hex("2b000000 88 0500000000000000 01" + "01".repeat(16) + "00 00000000 0700000000000000 00100000"
                + "2b000000 88 0500000000000000 02" + "01".repeat(16) + "01 03000000 0000000000000000 00000000");
        assertThat(new AgentFrameDecoder().decode(bytes, 0, bytes.length))
                .containsExactly(
                        new AgentFrame.Attached(
                                5, StreamId.STDOUT, ONES, AgentFrame.AttachmentState.ATTACHED, 0, 7, 4096),
                        new AgentFrame.Attached(5, StreamId.STDERR, ONES, AgentFrame.AttachmentState.REFUSED, 3, 0, 0));
    }

    @Test
    void everyAgentFrameIsReadFromItsWrittenLayout() throws ProtocolException {
        byte[] bytes = hex("09000000 81 0100 02000000 6134"
                + "18000000 82 0200000000000000 0004000000000000 03000000 362e31"
                + "0d000000 83 0300 16000000 02000000 6e6f"
                + "0d000000 84 0500000000000000 09000000"
                + "11000000 85 0500000000000000 02000000 00000000"
                + "19000000 86 0100000000000000 0200000000000000 0300000000000000"
                + "0f000000 87 0500000000000000 01 09000000 01"
                + "0d000000 89 0600000000000000 6f000000");
        assertThat(new AgentFrameDecoder().decode(bytes, 0, bytes.length))
                .containsExactly(
                        new AgentFrame.Hello(1, "a4"),
                        new AgentFrame.Ready(Duration.ofNanos(2), 1024, "6.1"),
                        new AgentFrame.Error(AgentFrame.Error.BOOT_FAILED, 22, "no"),
                        new AgentFrame.Started(5, 9),
                        new AgentFrame.ExecFailed(5, 2, ""),
                        new AgentFrame.Pong(1, 2, Duration.ofNanos(3)),
                        new AgentFrame.Exited(5, AgentFrame.ExitKind.SIGNALLED, 9, true),
                        new AgentFrame.Forwarded(6, 111));
    }

    @Test
    void openingsHaveTheirWrittenLayout() {
        assertThat(Openings.control()).isEqualTo(hex("564d5443"));
        assertThat(Openings.data(3, StreamId.STDOUT, ONES))
                .isEqualTo(hex("564d5444 0300000000000000 01" + "01".repeat(16)));
        assertThat(Openings.forward(3, ONES)).isEqualTo(hex("564d5444 0300000000000000 03" + "01".repeat(16)));
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }
}
