package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A real pseudo-terminal, and stty(1) as the second opinion. */
class TerminalTest {
    private Set<String> before;
    private Pty pty;

    @BeforeEach
    void openPty() {
        // What is loaded at first use stays.
        Terminal.isTerminal(0);
        before = OpenFds.ours();
        pty = Pty.open();
    }

    @AfterEach
    void nothingLeaks() {
        pty.close();
        assertThat(OpenFds.ours()).isEqualTo(before);
    }

    private String stty(String... arguments) throws Exception {
        var command = new java.util.ArrayList<>(
                java.util.List.of("stty", "-F", pty.path().toString()));
        command.addAll(java.util.List.of(arguments));
        Process stty = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertThat(stty.waitFor()).as(output).isZero();
        return output.strip();
    }

    @Test
    void aTerminalIsToldFromWhatIsNone() {
        assertThat(Terminal.isTerminal(pty.fd())).isTrue();
        try (OwnedFd file = MemFd.create("file", 4096)) {
            assertThat(Terminal.isTerminal(file.fd())).isFalse();
            assertThatThrownBy(() -> Terminal.of(file.fd()))
                    .isInstanceOf(LinuxException.class)
                    .hasMessageContaining("ENOTTY");
        }
        assertThat(Terminal.isTerminal(-1)).isFalse();
    }

    @Test
    void theSavedSettingsAreWhatSttySays() throws Exception {
        stty("-echo", "intr", "^X", "min", "3", "time", "7", "-ixon", "olcuc");
        assertThat(Terminal.of(pty.fd()).savedSettings()).isEqualTo(stty("-g"));
    }

    @Test
    void rawAndBack() throws Exception {
        stty("intr", "^X", "-ixany");
        String before = stty("-g");
        Terminal terminal = Terminal.of(pty.fd());
        terminal.raw();
        assertThat(stty("-a"))
                .contains("-icanon")
                .contains("-isig")
                .contains("-echo ")
                .contains("-opost");
        assertThat(stty("-g")).isEqualTo(terminal.rawSettings()).isNotEqualTo(before);
        terminal.restore();
        assertThat(stty("-g")).isEqualTo(before);
        terminal.restore();
        assertThat(stty("-g")).isEqualTo(before);
    }

    @Test
    void settingsDoNotWaitForAStoppedTerminal() throws Exception {
        Terminal terminal = Terminal.of(pty.fd());
        pty.type("\u0013");
        terminal.raw();
        terminal.restore();
        assertThat(stty("-g")).isEqualTo(terminal.savedSettings());
    }

    @Test
    void theSizeIsTheWindows() {
        Terminal terminal = Terminal.of(pty.fd());
        assertThat(terminal.size()).isEqualTo(new Terminal.Size(0, 0));
        pty.resize(33, 65535);
        assertThat(terminal.size()).isEqualTo(new Terminal.Size(33, 65535));
    }

    @Test
    void whatIsTypedIsRead() throws Exception {
        Terminal.of(pty.fd()).raw();
        try (TerminalInput input = new TerminalInput(pty.fd())) {
            pty.type("ab\u0003\u0004");
            assertThat(input.readNBytes(4)).containsExactly('a', 'b', 3, 4);
            pty.type("x");
            assertThat(input.read()).isEqualTo('x');
            assertThat(input.read(new byte[0])).isZero();
        }
    }

    @Test
    void aReaderWhoIsToldToLeaveTakesNothingMore() throws Exception {
        Terminal.of(pty.fd()).raw();
        TerminalInput input = new TerminalInput(pty.fd());
        CompletableFuture<Integer> reading = CompletableFuture.supplyAsync(() -> {
            try (input) {
                return input.read(new byte[10]);
            } catch (java.io.IOException e) {
                throw new IllegalStateException(e);
            }
        });
        input.end();
        assertThat(reading.get(60, TimeUnit.SECONDS)).isEqualTo(-1);
        input.end();
        pty.type("for the shell");
        try (TerminalInput next = new TerminalInput(pty.fd())) {
            assertThat(new String(next.readNBytes(13), StandardCharsets.US_ASCII))
                    .isEqualTo("for the shell");
        }
    }

    @Test
    void aTerminalThatIsHungUpIsAtItsEnd() throws Exception {
        Terminal terminal = Terminal.of(pty.fd());
        try (TerminalInput input = new TerminalInput(pty.fd())) {
            pty.hangUp();
            assertThat(input.read()).isEqualTo(-1);
        }
        assertThatThrownBy(terminal::restore).isInstanceOf(LinuxException.class);
    }
}
