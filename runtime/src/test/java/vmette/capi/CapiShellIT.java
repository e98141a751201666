package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import vmette.cli.Sandbox;
import vmette.cli.Screen;

/** Without a command a C program's run is a shell at its terminal, which is as it was afterwards. */
class CapiShellIT {
    @Test
    void aShellAndThenACommand() throws Exception {
        try (Sandbox sandbox = Sandbox.create("")) {
            CProgram driver = CProgram.compile(sandbox, "driver.c");
            try (Screen screen = new Screen(sandbox, 80, 24)) {
                String before = screen.settings();
                screen.type("VMETTE_CONFIG=" + sandbox.config() + " VMETTE_CDS=off JAVA_HOME="
                        + System.getProperty("java.home") + " " + driver.path()
                        + " new '' '' mem 128 run exec 'echo again$((40 + 2)); exit 4' run 3>" + sandbox.directory()
                        + "/told; echo code=$?");
                screen.await("/ # ");
                assertThat(screen.settings())
                        .contains("-icanon")
                        .contains("-isig")
                        .contains("-echo ");
                screen.type("tty; stty size");
                screen.awaitLine("/dev/pts/0");
                screen.awaitLine("24 80");
                screen.type("exit 7");
                screen.awaitLine("again42");
                screen.awaitLine("code=0");
                assertThat(driver.read("told")).isEqualTo("0 7\n0 4\n");
                assertThat(screen.settings()).isEqualTo(before);
                screen.type("echo sane$((1 + 1))");
                screen.awaitLine("sane2");
            }
            sandbox.assertNothingLeft();
        }
    }
}
