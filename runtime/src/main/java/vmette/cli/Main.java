package vmette.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Entry of the {@code vmette} command. */
public final class Main {
    private static final Set<String> NOT_A_RUN = Set.of("--help", "-h", "--version", "-V");
    private static final Set<String> RUNS = Set.of("run", "quickstart");

    private Main() {}

    /** Runs one command and exits with its code: the guest's own, 1 run-time error, 2 usage error, 124 timeout. */
    public static void main(String[] args) {
        List<String> arguments = List.of(args);
        LogLevels.set(arguments, System.getenv());
        boolean runs = args.length == 0 || args[0].startsWith("-") || RUNS.contains(args[0]);
        if (runs && arguments.stream().noneMatch(NOT_A_RUN::contains)) {
            Preload.begin();
        }
        int code = execute(args);
        System.out.flush();
        System.err.flush();
        // Not halted: where a signal has begun the end already, this waits for the hooks, and the code is the signal's.
        System.exit(code);
    }

    /** Of all commands only {@code run} is made where it is named, since describing each takes a cold JVM a while. */
    private static int execute(String[] args) {
        Variables variables = new Variables(System.getenv(), List.of(args));
        if (args.length > 0 && args[0].equals("run")) {
            CommandLine run =
                    configured(new CommandLine(new RunCommand()), variables).setCommandName("vmette run");
            return run.execute(Arrays.copyOfRange(args, 1, args.length));
        }
        return configured(new CommandLine(new VmetteCommand()), variables).execute(args);
    }

    /** All commands, with nothing from the environment. */
    static CommandLine commandLine() {
        return commandLine(Map.of());
    }

    static CommandLine commandLine(Map<String, String> environment, String... arguments) {
        return configured(new CommandLine(new VmetteCommand()), new Variables(environment, List.of(arguments)));
    }

    private static CommandLine configured(CommandLine commandLine, Variables variables) {
        if (variables.mayAskForHelp()) {
            HelpGroups.install(commandLine);
        }
        return commandLine
                .setDefaultValueProvider(variables)
                .setExecutionStrategy(Main::run)
                .setExecutionExceptionHandler(new Failures())
                .setParameterExceptionHandler(new UsageErrors())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                // A command line for the guest is taken as it is.
                .setTrimQuotes(false);
    }

    /** Refuses what no single option shows, and runs the last command named. */
    private static int run(ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            List<OptionSpec> before = last.matchedOptions();
            last = last.subcommand();
            if (!before.isEmpty()) {
                throw new ParameterException(
                        last.commandSpec().commandLine(),
                        before.get(0).longestName() + " is before the command: options go after it, as in "
                                + last.commandSpec().qualifiedName() + " "
                                + before.get(0).longestName());
            }
        }
        if (!last.isUsageHelpRequested() && !last.isVersionHelpRequested()) {
            check(last.commandSpec().commandLine());
        }
        return new CommandLine.RunLast().execute(parsed);
    }

    private static void check(CommandLine commandLine) {
        if (Failures.isOn(commandLine, "--quiet") && Failures.isOn(commandLine, "--verbose")) {
            throw new ParameterException(
                    commandLine, "--quiet and --verbose contradict each other: leave one of them out");
        }
        Variables variables = Variables.of(commandLine.getCommandSpec());
        variables.logRefusal().ifPresent(refusal -> {
            throw new ParameterException(commandLine, refusal);
        });
        variables.slip(commandLine.getCommandSpec()).ifPresent(slip -> {
            throw new ParameterException(
                    commandLine,
                    "the environment has " + slip.getKey() + ", which is nothing to vmette; the nearest one is "
                            + slip.getValue() + ": correct it, or unset it");
        });
    }
}
