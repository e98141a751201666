package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import vmette.linux.Pty;
import vmette.linux.Terminal;

/** The guard's own part; that it notices a killed JVM is tested with the command line. */
class TerminalGuardTest {
    private Pty pty;
    private Terminal terminal;
    private TerminalGuard guard;

    @BeforeEach
    void makeRaw() {
        pty = Pty.open();
        terminal = Terminal.of(pty.fd());
        guard = TerminalGuard.start(pty.fd(), terminal.savedSettings(), terminal.rawSettings());
        terminal.raw();
    }

    @AfterEach
    void close() {
        guard.close();
        pty.close();
    }

    private String settings() {
        return Terminal.of(pty.fd()).savedSettings();
    }

    private void awaitGuard() throws Exception {
        assertThat(guard.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void itPutsTheTerminalBackWhenItsInputEnds() throws Exception {
        guard.process().getOutputStream().close();
        awaitGuard();
        assertThat(settings()).isEqualTo(terminal.savedSettings());
    }

    @Test
    void dismissedItTouchesNothing() throws Exception {
        guard.close();
        guard.close();
        awaitGuard();
        assertThat(settings()).isEqualTo(terminal.rawSettings());
    }

    @Test
    void settingsThatSomebodyElseMadeMeanwhileStay() throws Exception {
        Process stty = new ProcessBuilder("stty", "-F", pty.path().toString(), "echo").start();
        assertThat(stty.waitFor()).isZero();
        String theirs = settings();
        guard.process().getOutputStream().close();
        awaitGuard();
        assertThat(settings()).isEqualTo(theirs).isNotEqualTo(terminal.savedSettings());
    }

    @Test
    void itsLossIsNoFailureOfOurs() throws Exception {
        guard.process().destroyForcibly();
        awaitGuard();
        guard.close();
        assertThat(settings()).isEqualTo(terminal.rawSettings());
    }
}
