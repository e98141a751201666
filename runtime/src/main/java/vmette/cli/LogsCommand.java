package vmette.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlCall;

/** {@code vmette logs}. */
@Command(
        name = "logs",
        description = {
            "Shows what the service of a fleet's VM has written to its standard output and error.",
            "The runtime keeps the last vmette.log.keep bytes, over all incarnations; a line stands between two of them.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:shown; with --follow: the VM has ended", "1:run-time error", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} logs web-1",
            "  ${sys:vmette.command:-vmette} logs web-1 -n 20 -f",
            "",
            "The bytes are the guest's: on a terminal what could move its cursor is escaped, and in a pipe",
            "they are as they were written.",
        })
final class LogsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "NAME", description = "The VM.")
    private String vm;

    @Option(
            names = {"-f", "--follow"},
            description =
                    "Go on as it is written, until the VM ends. A reader that is too slow is told how much it missed.")
    private boolean follow;

    @Option(
            names = {"-n", "--lines"},
            paramLabel = "N",
            description = "The last N lines only. Default: all that is kept.")
    private Integer lines;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws IOException {
        if (lines != null && lines < 0) {
            throw new ParameterException(
                    spec.commandLine(), "--lines = " + lines + " is refused: allowed is 0 or more");
        }
        try (ControlCall call = new ControlCall(
                        common.runtimes().ofVm(vm),
                        "logs",
                        vm,
                        Integer.toString(lines == null ? Integer.MAX_VALUE : lines),
                        follow ? "follow" : "end");
                LogPrinter printer = LogPrinter.ofProcess()) {
            call.bytes(printer);
        }
        return 0;
    }
}
