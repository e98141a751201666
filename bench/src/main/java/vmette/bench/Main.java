package vmette.bench;

import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import vmette.errors.VmetteException;

/** Entry of {@code vmette-bench}. */
@Command(
        name = "vmette-bench",
        description = "Measures what the runtime costs over the same QEMU without it.",
        mixinStandardHelpOptions = true,
        subcommands = {
            LaunchCommand.class,
            RecoverCommand.class,
            RestoreCommand.class,
            ClonesCommand.class,
            PoolCommand.class,
            CliCommand.class,
            CapiCommand.class,
            IdleCommand.class,
            RootfsCommand.class,
            ThroughputCommand.class,
            VsockCommand.class,
            JmhCommand.class,
            SoakCommand.class,
            SupervisionCommand.class
        },
        sortOptions = false,
        footer = {
            "",
            "Exit codes: 0 measured (whether or not a target was met), 1 something failed, 2 usage error.",
            "soak: 0 only if every boot succeeded and nothing was left behind.",
            "supervision: 0 only if every VM was recovered."
        })
public final class Main implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    private Main() {}

    /** Runs one benchmark and exits. */
    public static void main(String[] args) {
        int code = commandLine().execute(args);
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().exit(code);
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main()).setExecutionExceptionHandler(Main::onFailure);
    }

    private static int onFailure(Exception failure, CommandLine commandLine, CommandLine.ParseResult parsed) {
        System.err.println("bench: " + (failure instanceof VmetteException ? failure.getMessage() : failure));
        if (!(failure instanceof VmetteException)) {
            Arrays.stream(failure.getStackTrace()).forEach(frame -> System.err.println("    at " + frame));
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "what is to be measured? --help lists it");
    }
}
