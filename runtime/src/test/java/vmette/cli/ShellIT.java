package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The interactive shell, at a real terminal: whatever ends it, the terminal is as it was and nothing is left. */
class ShellIT {
    private Sandbox sandbox;
    private Screen screen;
    private String before;

    @BeforeEach
    void openTerminal() {
        sandbox = Sandbox.create("");
        screen = new Screen(sandbox, 80, 24);
        before = screen.settings();
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try {
            if (screen != null) {
                screen.close();
            }
            sandbox.assertNothingLeft();
        } finally {
            sandbox.close();
        }
    }

    private void startShell() {
        screen.launch("run --quiet");
        screen.await("/ # ");
        assertThat(screen.settings()).contains("-icanon").contains("-isig").contains("-echo ");
    }

    private void assertRestored() {
        assertThat(Sandbox.waitFor(() -> screen.settings().equals(before)))
                .as("before:%n%s%nafter:%n%s", before, screen.settings())
                .isTrue();
        // And it works.
        screen.type("echo sane$((40 + 2))");
        screen.awaitLine("sane42");
    }

    @Test
    void aSession() {
        startShell();
        screen.type("tty; echo \"$TERM:$0\"; stty size");
        screen.awaitLine("/dev/pts/0");
        screen.awaitLine("tmux-256color:/bin/sh");
        screen.awaitLine("24 80");

        // One process group: the signal goes to the one in the foreground.
        screen.type("sh -c 'trap \"stty size\" WINCH; echo armed$((1 + 1)); while :; do sleep 1; done'");
        screen.awaitLine("armed2");
        screen.resize(100, 30);
        screen.awaitLine("30 100");
        screen.press("C-c");

        // Of one process, which has the foreground when it speaks: between two the key would be the shell's.
        screen.type("sh -c 'echo begun$((1 + 2)); exec sleep 1000'");
        screen.awaitLine("begun3");
        screen.press("C-c");
        screen.type("echo ended=$?");
        screen.awaitLine("ended=130");

        screen.type("sh -c 'echo begun$((1 + 3)); exec sleep 1000'");
        screen.awaitLine("begun4");
        screen.press("C-z");
        screen.await("Stopped");
        screen.type("kill -9 %1; echo killed$((1 + 4))");
        screen.awaitLine("killed5");

        // Whatever key it is, a program that wants it has it.
        // What the terminal has answered the shell's line editor comes before the first of them, here or there.
        screen.type(
                "stty raw -echo; printf 'armed6\\r\\n'; until [ \"$(dd bs=1 count=1 2>/dev/null)\" = G ]; do :; done;"
                        + " dd bs=1 count=6 2>/dev/null | od -An -tx1; stty sane");
        screen.awaitLine("armed6");
        screen.press("G");
        List.of("C-c", "C-z", "C-d", "C-s", "Enter", "Escape").forEach(screen::press);
        screen.awaitLine("03 1a 04 13 0d 1b");

        screen.type("exit 7");
        screen.awaitLine("code=7");
        screen.resize(80, 24);
        assertRestored();
    }

    @Test
    void aCommandWithTheTerminal() {
        screen.launch("run --quiet -t --exec 'stty size; read -r line; echo got $line; exit 3'");
        screen.awaitLine("24 80");
        screen.type("a word");
        screen.awaitLine("got a word");
        screen.awaitLine("code=3");
        assertRestored();
    }

    @Test
    void theVmIsKilled() {
        startShell();
        screen.type("echo begun$((1 + 1)); sleep 1000");
        screen.awaitLine("begun2");
        List<ProcessHandle> emulators = sandbox.emulators();
        assertThat(emulators).hasSize(1);
        emulators.get(0).destroyForcibly();
        screen.awaitLine("code=1");
        assertThat(screen.text()).contains("was killed by signal 9");
        assertRestored();
    }

    @Test
    void theRuntimeIsKilled() {
        startShell();
        List<ProcessHandle> runtimes = sandbox.runtimes();
        assertThat(runtimes).hasSize(1);
        runtimes.get(0).destroyForcibly();
        screen.await("code=137");
        assertRestored();
    }

    @ParameterizedTest
    @CsvSource({"TERM,143", "HUP,129"})
    void theRuntimeIsToldToEnd(String signal, int code) throws Exception {
        startShell();
        long pid = sandbox.runtimes().get(0).pid();
        assertThat(new ProcessBuilder("/bin/kill", "-" + signal, Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
        screen.awaitLine("code=" + code);
        assertRestored();
    }

    @Test
    void controlCEndsTheBoot() {
        screen.launch("run --quiet");
        assertThat(Sandbox.waitFor(() -> !sandbox.emulators().isEmpty())).isTrue();
        screen.press("C-c");
        screen.awaitLine("code=130");
        assertRestored();
    }

    @Test
    void theTerminalIsClosed() {
        startShell();
        screen.close();
        screen = null;
    }
}
