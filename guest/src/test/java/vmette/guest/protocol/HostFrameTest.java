package vmette.guest.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;

class HostFrameTest {
    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 65, Integer.MAX_VALUE})
    void aSignalThatDoesNotExistIsRefused(int signal) {
        assertThatThrownBy(() -> new HostFrame.Signal(1, signal, false))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("1 to 64");
    }

    @Test
    void anEmptyArgumentVectorIsRefused() {
        assertThatThrownBy(() -> exec(List.of(), List.of())).hasMessageContaining("needs a program");
        assertThatThrownBy(() -> exec(List.of("", "x"), List.of())).hasMessageContaining("needs a program");
    }

    @Test
    void textThatNoProgramCanBeGivenIsRefusedAndShown() {
        assertThatThrownBy(() -> exec(List.of("a\0b"), List.of())).hasMessageContaining("'a\\0b'");
        assertThatThrownBy(() -> exec(List.of("a\ud800"), List.of())).hasMessageContaining("surrogate");
        assertThatThrownBy(() -> exec(List.of("a"), List.of("A=\0"))).hasMessageContaining("NUL");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "=b"})
    void anEnvironmentEntryNeedsAKey(String entry) {
        assertThatThrownBy(() -> new HostFrame.Boot(RootMode.INITRAMFS, "vm", List.of(entry)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("KEY=VALUE");
    }

    @Test
    void aTerminalLeavesNoStderr() {
        assertThatThrownBy(() -> new HostFrame.Exec(
                        1,
                        Set.of(ExecFlag.PTY),
                        StreamSetup.none(),
                        StreamSetup.none(),
                        StreamSetup.connection(Token.random()),
                        Duration.ZERO,
                        Duration.ZERO,
                        WindowSize.UNKNOWN,
                        "",
                        List.of("sh"),
                        List.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("stderr");
    }

    @Test
    void whatIsDetachedHasRingsAndNoConnections() {
        StreamSetup none = StreamSetup.none();
        StreamSetup ring = StreamSetup.replay();
        StreamSetup connection = StreamSetup.connection(Token.random());
        Set<ExecFlag> detached = Set.of(ExecFlag.DETACHED, ExecFlag.BLOCK);
        assertThat(detached(detached, none, ring, ring, 1).replayBytes()).isEqualTo(1);
        assertThat(detached(detached, none, none, ring, GuestProtocol.MAX_REPLAY)
                        .replayBytes())
                .isEqualTo(64 << 20);
        for (int size : new int[] {0, -1, GuestProtocol.MAX_REPLAY + 1}) {
            assertThatThrownBy(() -> detached(detached, none, ring, ring, size)).hasMessageContaining("out of range");
        }
        assertThatThrownBy(() -> detached(Set.of(), none, none, none, 1)).hasMessageContaining("out of range");
        assertThatThrownBy(() -> detached(Set.of(ExecFlag.BLOCK), none, none, none, 0))
                .hasMessageContaining("can block");
        assertThatThrownBy(() -> detached(detached, connection, ring, ring, 1)).hasMessageContaining("no stdin");
        assertThatThrownBy(() -> detached(detached, ring, ring, ring, 1)).hasMessageContaining("no stdin");
        assertThatThrownBy(() -> detached(detached, none, connection, ring, 1)).hasMessageContaining("replay rings");
        assertThatThrownBy(() -> detached(Set.of(), none, none, ring, 0)).hasMessageContaining("replay rings");
        assertThatThrownBy(() -> new HostFrame.Attach(1, StreamId.STDOUT, Token.random(), -1))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("offset -1");
    }

    private static HostFrame.Exec detached(
            Set<ExecFlag> flags, StreamSetup stdin, StreamSetup stdout, StreamSetup stderr, int replayBytes) {
        return new HostFrame.Exec(
                1,
                flags,
                stdin,
                stdout,
                stderr,
                Duration.ZERO,
                Duration.ZERO,
                replayBytes,
                WindowSize.UNKNOWN,
                "",
                List.of("sh"),
                List.of(),
                "");
    }

    @Test
    void aRestoreHasATimeOnTheWireAndHidesItsEntropy() {
        HostFrame.Restore restore = restore(Instant.ofEpochSecond(0), "vm", List.of("A=b"));
        assertThat(restore.toString()).contains("Entropy[hidden]");
        assertThat(Entropy.fresh()).isNotEqualTo(Entropy.fresh());
        assertThat(Entropy.of(restore.entropy().bytes()))
                .isEqualTo(restore.entropy())
                .hasSameHashCodeAs(restore.entropy());
        assertThatThrownBy(() -> Entropy.of(new byte[63])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> restore(Instant.ofEpochSecond(-1), "vm", List.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("set this host's clock");
        assertThatThrownBy(() -> restore(Instant.parse("2263-01-01T00:00:00Z"), "vm", List.of()))
                .isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> restore(Instant.EPOCH, "a\0", List.of())).hasMessageContaining("NUL");
        assertThatThrownBy(() -> restore(Instant.EPOCH, "", List.of("=b"))).hasMessageContaining("KEY=VALUE");
    }

    private static HostFrame.Restore restore(Instant wall, String hostname, List<String> environment) {
        return new HostFrame.Restore(wall, Entropy.fresh(), InstanceId.random(), hostname, environment);
    }

    @Test
    void anInstanceIsSpelledAsTheGuestSeesIt() {
        InstanceId instance = new InstanceId(0x0123456789abcdefL, 0xf0L);
        assertThat(instance).hasToString("0123456789abcdef00000000000000f0");
        assertThat(InstanceId.of(instance.bytes())).isEqualTo(instance);
        assertThat(InstanceId.random()).isNotEqualTo(InstanceId.random());
        assertThatThrownBy(() -> InstanceId.of(new byte[17])).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aUserGoesWithItsFlag() {
        assertThat(as(Set.of(ExecFlag.USER), "app:staff").user()).isEqualTo("app:staff");
        assertThatThrownBy(() -> as(Set.of(ExecFlag.USER), "")).hasMessageContaining("user");
        assertThatThrownBy(() -> as(Set.of(), "app")).hasMessageContaining("user");
        assertThatThrownBy(() -> as(Set.of(ExecFlag.USER), "a\0")).hasMessageContaining("NUL");
    }

    private static HostFrame.Exec as(Set<ExecFlag> flags, String user) {
        StreamSetup none = StreamSetup.none();
        return new HostFrame.Exec(
                1,
                flags,
                none,
                none,
                none,
                Duration.ZERO,
                Duration.ZERO,
                0,
                WindowSize.UNKNOWN,
                "",
                List.of("sh"),
                List.of(),
                user);
    }

    @Test
    void gracesAreWholeMillisecondsInRange() {
        assertThat(withGrace(Duration.ofNanos(1)).outputGrace()).isEqualTo(Duration.ofMillis(1));
        assertThat(withGrace(Duration.ofMillis(0xffff_ffffL)).outputGrace()).isEqualTo(Duration.ofMillis(0xffff_ffffL));
        assertThatThrownBy(() -> withGrace(Duration.ofMillis(0x1_0000_0000L))).hasMessageContaining("out of range");
        assertThatThrownBy(() -> withGrace(Duration.ofMillis(-1))).hasMessageContaining("out of range");
    }

    @Test
    void aFrameTooLargeForTheAgentIsRefusedWithItsSize() {
        HostFrame.Exec large = exec(List.of("echo", "x".repeat(GuestProtocol.MAX_FRAME)), List.of());
        assertThatThrownBy(() -> HostFrames.encode(large))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("at most 1048576");
    }

    @Test
    void tokensAreRandomEqualByValueAndHidden() {
        Token token = Token.random();
        assertThat(token).isEqualTo(Token.of(token.bytes())).isNotEqualTo(Token.random());
        assertThat(token).hasSameHashCodeAs(Token.of(token.bytes()));
        assertThat(StreamSetup.connection(token)).hasToString("StreamSetup[mode=CONNECTION, token=Token[hidden]]");
        token.bytes()[0]++;
        assertThat(token).isEqualTo(Token.of(token.bytes()));
        assertThatThrownBy(() -> Token.of(new byte[15])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> StreamSetup.connection(Token.ZERO)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aForwardHasAPortAndATokenOrNeither() {
        Token token = Token.random();
        assertThat(new HostFrame.Forward(1, token, 65535)).asString().contains("hidden");
        assertThatThrownBy(() -> new HostFrame.Forward(1, token, 65536))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("guest port 65536");
        assertThatThrownBy(() -> new HostFrame.Forward(1, token, -1)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> new HostFrame.Forward(1, token, 0)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> new HostFrame.Forward(1, Token.ZERO, 80)).isInstanceOf(InvalidConfigException.class);
        assertThat(HostFrame.Forward.giveUp(1)).isEqualTo(new HostFrame.Forward(1, Token.ZERO, 0));
    }

    private static HostFrame.Exec exec(List<String> arguments, List<String> environment) {
        return exec(arguments, environment, Duration.ZERO);
    }

    private static HostFrame.Exec withGrace(Duration grace) {
        return exec(List.of("a"), List.of(), grace);
    }

    private static HostFrame.Exec exec(List<String> arguments, List<String> environment, Duration grace) {
        return new HostFrame.Exec(
                1,
                Set.of(),
                StreamSetup.none(),
                StreamSetup.none(),
                StreamSetup.none(),
                grace,
                Duration.ZERO,
                WindowSize.UNKNOWN,
                "",
                arguments,
                environment);
    }
}
