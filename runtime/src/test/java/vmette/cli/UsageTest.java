package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Command lines that start nothing. */
class UsageTest {
    private record Said(int code, String out, String err) {}

    private static Said vmette(String... arguments) {
        return vmette(Map.of(), arguments);
    }

    private static Said vmette(Map<String, String> environment, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(environment, arguments)
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
        // Its words are the known ones, the command's own first.
        Map<String, CommandLine> known = Main.commandLine().getSubcommands();
        StringBuilder command = new StringBuilder();
        for (String word : arguments.split(" ", -1)) {
            if (known.containsKey(word)) {
                command.append(word).append(' ');
                known = known.get(word).getSubcommands();
            }
        }
        assertThat(lines.get(1)).isEqualTo("Try 'vmette " + command + "--help'.");
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
    @ValueSource(
            strings = {
                "--help",
                "run --help",
                "quickstart --help",
                "cp --help",
                "providers --help",
                "info --help",
                "config --help",
                "config check --help",
                "config show --help",
                "cache --help",
                "cache ls --help",
                "cache prune --help",
                "snapshot --help",
                "snapshot ls --help",
                "snapshot inspect --help",
                "snapshot verify --help",
                "snapshot rm --help",
                "completion --help"
            })
    void helpNamesEveryOptionOnStandardOutput(String arguments) {
        Said said = vmette(arguments.split(" ", -1));
        assertThat(said.code()).isZero();
        assertThat(said.err()).isEmpty();
        assertThat(said.out())
                .startsWith("Usage: vmette")
                .contains("--config", "--quiet", "--verbose", "--debug", "--json", "Exit codes:");
        if (arguments.startsWith("cp")) {
            assertThat(said.out()).contains("NAME:/PATH", "--keep-setuid");
        } else if (arguments.startsWith("run") || arguments.startsWith("--")) {
            assertThat(said.out())
                    .contains("--exec", "--env", "--kernel", "--initramfs", "--modules", "--cmdline")
                    .contains("--vcpus", "--mem-mib", "--timeout", "--vsock-port", "--publish", "--name", "--pool")
                    .contains("--rootfs", "--[no-]rootfs-ro", "--[no-]switch-root", "--share", "--share-ro", "--disk")
                    .contains(
                            "--build-snapshot",
                            "--resume-snapshot",
                            "--guest-vsock-port",
                            "--warm-up",
                            "--[no-]saveable")
                    .contains("--scratch", "--status-fd", "Examples:", "  124 ", "VMETTE_MEM_MIB");
        }
        assertThat(said.out().lines()).allMatch(line -> line.length() <= 100);
    }

    @Test
    void aConfigurationThatIsNotThereIsRefusedByName() {
        Said said = vmette("run", "--exec", "true", "--config", "/nonexistent/vmette.conf");
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err())
                .isEqualTo("vmette: the configuration /nonexistent/vmette.conf does not exist:"
                        + " --config takes a HOCON file" + System.lineSeparator());
    }

    @ParameterizedTest
    @ValueSource(strings = {"run --exec true", "quickstart", "info", "providers"})
    void noStackTraceWithoutDebug(String arguments) {
        Said said = vmette((arguments + " --config /nonexistent/vmette.conf").split(" ", -1));
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err()).hasLineCount(1).startsWith("vmette: the configuration /nonexistent/vmette.conf");
        Said debugged = vmette((arguments + " --debug --config /nonexistent/vmette.conf").split(" ", -1));
        assertThat(debugged.code()).isEqualTo(2);
        assertThat(debugged.err()).contains("\tat vmette.cli.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run --json --exec true --config /nonexistent/vmette.conf | the configuration /nonexistent/vmette.conf does",
                "run --exec true --config /nonexistent/vmette.conf --json | the configuration /nonexistent/vmette.conf does",
                "run --json --exec true --env 1A=x | env = 1A is refused",
                "run --jsn --json | --jsn is not an option; the nearest one is --json",
                "run --vcpus many --json | --vcpus expects a number, not 'many'",
                "run --json --quiet -v --exec true | --quiet and --verbose contradict each other",
                "info --json all | 'all' is not understood",
                "cp --json one two | one of SRC and DST is in a VM",
            })
    void withJsonAFailureIsOneObjectWithItsStatus(String arguments, String message) throws Exception {
        Said said = vmette(arguments.split(" ", -1));
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).hasLineCount(1);
        JsonNode failure = new ObjectMapper().readTree(said.err());
        assertThat(failure.path("event").asText()).isEqualTo("failed");
        assertThat(failure.path("status").asText()).isEqualTo("INVALID_CONFIG");
        assertThat(failure.path("statusCode").asInt()).isEqualTo(1);
        assertThat(failure.path("exitCode").asInt()).isEqualTo(2);
        assertThat(failure.path("message").asText()).startsWith(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"run --exec true", "info", "--quiet"})
    void aLevelOfTheLogThatIsNoneIsRefused(String arguments) {
        Said said = vmette(Map.of("VMETTE_LOG", "bogus"), arguments.split(" ", -1));
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        assertThat(said.err())
                .startsWith("vmette: VMETTE_LOG expects off, error, warn, info, debug or trace, not 'bogus'"
                        + System.lineSeparator());
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "error", "warn", "info", "debug", "trace", "TRACE", ""})
    void everyLevelOfTheLogIsTaken(String level) {
        Said said = vmette(Map.of("VMETTE_LOG", level), "info");
        assertThat(said.err()).isEmpty();
        assertThat(said.code()).isZero();
    }

    @Test
    void helpIsThereWhateverTheLogsLevel() {
        assertThat(vmette(Map.of("VMETTE_LOG", "bogus"), "run", "--help").code())
                .isZero();
    }

    @Test
    void aStatusDescriptorThatIsNotOpenIsRefused() {
        Said said = vmette("run", "--exec", "true", "--status-fd", "987654");
        assertThat(said.code()).isEqualTo(2);
        assertThat(said.err())
                .startsWith(
                        "vmette: --status-fd: descriptor 987654 is not open; open one, as in: vmette run --status-fd 3");
    }
}
