package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import vmette.process.Executables;

/** The script in a real shell, asked as the shell asks it. */
class CompletionTest {
    /** The words of a command line, the last of which is to be completed. */
    private static final String ASK = """
            source "$1"
            shift
            complete -p vmette >/dev/null || exit 3
            specification=$(complete -p vmette)
            function=${specification#*-F }
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
            "${function%% *}" vmette "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>/dev/null
            printf '%s\\n' "${COMPREPLY[@]}"
            """;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "vmette run --ro | --rootfs --rootfs-ro --rootfs-image",
                "vmette cache pr | prune",
                "vmette ev | events",
                "vmette snapshot ve | verify",
                "vmette snapshot rm --al | --all",
                "vmette run --build | --build-snapshot",
                "vmette run --poo | --pool",
                "vmette up --dr | --dry-run",
                "vmette logs --fol | --follow",
                "vmette exec --wor | --workdir",
                "vmette down --fl | --fleet",
                "vmette config ch | check",
                "vmette config show --js | --json",
                "vmette cache prune --dr | --dry-run",
                "vmette run --share- | --share-ro",
                "vmette --mem | --mem-mib",
                "vmette run --sta | --status-fd",
                "vmette prov | providers",
                "vmette providers --js | --json",
                "vmette completion b | bash",
                "vmette cp --keep | --keep-setuid",
                "vmette info --rootfs | ''",
            })
    void bashCompletesOptionsAndCommands(String line, String completions) throws Exception {
        assertThat(asked("bash", line)).containsExactlyInAnyOrder(completions.split(" "));
    }

    @Test
    void bashCompletesPathsWhereAPathIsExpected() throws Exception {
        Path kernel = Files.createFile(directory.resolve("vmlinux-6"));
        assertThat(asked("bash", "vmette run --kernel " + directory.resolve("vml")))
                .containsExactly(kernel.toString());
    }

    @Test
    void bashCompletesTheFileThatIsToBeChecked() throws Exception {
        Path file = Files.createFile(directory.resolve("fleet.conf"));
        assertThat(asked("bash", "vmette config check " + directory.resolve("fle")))
                .containsExactly(file.toString());
    }

    @Test
    void zshTakesTheScript() throws Exception {
        // -f: without the user's own start-up files.
        assumeTrue(Executables.find("zsh").isPresent(), "there is no zsh here");
        Path script = Files.writeString(directory.resolve("script"), script("zsh"));
        Process zsh = new ProcessBuilder(
                        "zsh",
                        "-f",
                        "-c",
                        "source \"$1\" && whence -w _complete_vmette && print -r -- ${_comps[vmette]}",
                        "zsh",
                        script.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(zsh.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(new String(zsh.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines())
                .contains("_complete_vmette: function")
                .anyMatch(line -> line.contains("_complete_vmette") && !line.endsWith("function"));
    }

    private List<String> asked(String shell, String line) throws IOException, InterruptedException {
        Path script = Files.writeString(directory.resolve("script"), script(shell));
        ProcessBuilder builder = new ProcessBuilder(shell, "--norc", "-c", ASK, shell, script.toString());
        builder.command().addAll(List.of(line.split(" ")));
        Process process = builder.redirectErrorStream(true).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as(said).isZero();
        return said.lines().map(String::strip).toList();
    }

    private static String script(String shell) {
        StringWriter out = new StringWriter();
        int code = Main.commandLine().setOut(new PrintWriter(out)).execute("completion", shell);
        assertThat(code).isZero();
        return out.toString();
    }
}
