package vmette.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code vmette completion}. */
@Command(
        name = "completion",
        description = "Prints a script that lets a shell complete the words of vmette command lines.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:printed", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} completion bash > ~/.local/share/bash-completion/completions/vmette",
            "  source <(${sys:vmette.command:-vmette} completion bash)",
            "  ${sys:vmette.command:-vmette} completion zsh > ~/.vmette.zsh; echo 'source ~/.vmette.zsh' >> ~/.zshrc",
        })
final class CompletionCommand implements Callable<Integer> {
    private static final List<String> SHELLS = List.of("bash", "zsh");

    /** For the script itself. */
    static final class Shells implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return SHELLS.iterator();
        }
    }

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "SHELL",
            completionCandidates = Shells.class,
            description = "bash or zsh. The script is the same, and sees in which it is.")
    private String shell;

    // Like every command it takes them; it has no use for any.
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        if (!SHELLS.contains(shell)) {
            throw new ParameterException(
                    spec.commandLine(), "there is a script for bash and for zsh, not for '" + shell + "'");
        }
        PrintWriter out = spec.commandLine().getOut();
        out.print(AutoComplete.bash("vmette", Main.commandLine()));
        out.flush();
        return 0;
    }
}
