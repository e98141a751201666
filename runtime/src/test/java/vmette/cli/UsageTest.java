package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Command lines that start nothing. */
class UsageTest {
    private record Said(int code, String out, String err) {}

    private static Said vmette(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Said(code, out.toString(), err.toString());
    }

    static Stream<Arguments> refused() {
        return FailuresPage.table("Command lines").stream().map(row -> Arguments.of(row.get(0), row.get(1)));
    }

    @ParameterizedTest
    @MethodSource
    void refused(String arguments, String message) {
        Said said = vmette(arguments.split(" ", -1));
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        List<String> lines = said.err().lines().toList();
        assertThat(lines).hasSize(2);
        assertThat(lines.get(0)).startsWith("vmette: " + message);
        assertThat(lines.get(1))
                .isEqualTo("Try 'vmette "
                        + (arguments.startsWith("rum") ? "" : arguments.split(" ", -1)[0] + " ") + "--help'.");
    }

    @Test
    void theTableOfCommandLinesIsThere() {
        assertThat(FailuresPage.table("Command lines")).hasSizeGreaterThan(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--version", "run --version", "quickstart -V"})
    void theVersionIsToldOnStandardOutput(String arguments) {
        Said said = vmette(arguments.split(" ", -1));
        assertThat(said.code()).isZero();
        assertThat(said.out()).matches("vmette [0-9]+\\.[0-9]+\\.[0-9]+(-SNAPSHOT)?\\R");
        assertThat(said.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "run --help", "quickstart --help", "cp --help"})
    void helpNamesEveryOptionOnStandardOutput(String arguments) {
        Said said = vmette(arguments.split(" ", -1));
        assertThat(said.code()).isZero();
        assertThat(said.err()).isEmpty();
        assertThat(said.out()).startsWith("Usage: vmette").contains("--config", "--quiet", "--debug");
        if (arguments.startsWith("cp")) {
            assertThat(said.out()).contains("NAME:/PATH", "--keep-setuid", "Exit codes:");
        } else if (!arguments.startsWith("quickstart")) {
            assertThat(said.out())
                    .contains("--exec", "--env", "--kernel", "--initramfs", "--modules", "--cmdline")
                    .contains("--vcpus", "--mem-mib", "--timeout", "--vsock-port", "--publish", "--name");
        }
        assertThat(said.out().lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void aConfigurationThatIsNotThereIsRefusedByName() {
        Said said = vmette("run", "--exec", "true", "--config", "/nonexistent/vmette.conf");
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err())
                .isEqualTo("vmette: the configuration /nonexistent/vmette.conf does not exist:"
                        + " --config takes a HOCON file" + System.lineSeparator());
    }

    @Test
    void debugAddsTheStackTrace() {
        Said said = vmette("run", "--debug", "--exec", "true", "--config", "/nonexistent/vmette.conf");
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err()).contains("\tat vmette.cli.");
    }
}
