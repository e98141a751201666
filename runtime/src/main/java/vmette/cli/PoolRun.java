package vmette.cli;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import vmette.ExitStatus;
import vmette.config.ExecSpec;
import vmette.control.ControlledCommand.Exit;
import vmette.control.ExecCall;
import vmette.control.Runtimes;
import vmette.errors.ProgramNotRunException;

/** {@code vmette run --pool}: a command in a VM that is ready already, which another process lends for it. */
final class PoolRun {
    private static final String SHELL = "/bin/sh";

    /** What is said of the command, and not of its VM. */
    private static final Set<String> FITTING =
            Set.of("--pool", "--exec", "--tty", "--status-fd", "--config", "--quiet", "--verbose", "--debug", "--json");

    private final CommandSpec command;
    private final CommonOptions common;
    private final String pool;

    /** @param command of which the options are */
    PoolRun(CommandSpec command, CommonOptions common, String pool) {
        this.command = command;
        this.common = common;
        this.pool = pool;
    }

    /**
     * Runs it to its end.
     *
     * @param exec a command line, or empty
     * @param arguments a program and its arguments, or empty; without both a shell at this terminal
     * @return the exit code
     */
    int run(Optional<String> exec, List<String> arguments, boolean tty, RunReport report) {
        refuseOthers();
        boolean line = exec.isPresent() && (arguments.isEmpty() || !isByVariable("--exec"));
        if (line && !arguments.isEmpty()) {
            throw refusal("--exec and a command after -- contradict each other: leave one of them out");
        }
        boolean terminal = tty || (!line && arguments.isEmpty());
        if (terminal && !RawTerminal.isThere()) {
            throw refusal(
                    tty
                            ? "--tty needs a terminal as standard input: leave it out"
                            : "nothing to run: write the command after --, as in run --pool " + pool
                                    + " -- uname -a; a shell without it needs a terminal as standard input");
        }
        ExecSpec spec =
                line ? ExecSpec.shell(exec.get()) : ExecSpec.of(arguments.isEmpty() ? List.of(SHELL) : arguments);
        ExecSpec given = terminal || !RawTerminal.isThere() ? spec : spec.withoutStdin();
        Runtimes.Peer runtime = common.runtimes().ofPool(pool);
        try {
            Exit exit = new RemoteCommand(whole -> ExecCall.inPool(runtime, pool, whole), common.progress())
                    .run(given, terminal);
            return ended(exit, report);
        } catch (ProgramNotRunException e) {
            String message = e.getMessage() + ExecCommand.hint(arguments);
            report.notRun(message, e);
            if (!common.isJson()) {
                command.commandLine().getErr().println("vmette: " + message);
            }
            return e.exitCode();
        }
    }

    private int ended(Exit exit, RunReport report) {
        if (exit.oomKilled()) {
            common.progress().accept("the guest ran out of memory and its kernel killed a process of the command");
        }
        ExitStatus status = new ExitStatus(
                exit.signalled() ? ExitStatus.Kind.SIGNALLED : ExitStatus.Kind.EXITED, exit.value(), exit.oomKilled());
        report.exited(status);
        return status.code();
    }

    private boolean isByVariable(String option) {
        return Variables.of(command).instead(command.findOption(option)).isPresent();
    }

    /** Variables are for all runs, and those of VMs of their own have more to say. */
    private void refuseOthers() {
        String others = command.commandLine().getParseResult().matchedOptions().stream()
                .map(OptionSpec::longestName)
                .filter(name -> !FITTING.contains(name))
                .sorted()
                .distinct()
                .collect(Collectors.joining(", "));
        if (!others.isEmpty()) {
            throw refusal("--pool does not go with " + others + ": the VMs of a pool are as vmette.pools." + pool
                    + " has them; change that, or leave one of them out");
        }
    }

    private ParameterException refusal(String message) {
        return new ParameterException(command.commandLine(), message);
    }
}
