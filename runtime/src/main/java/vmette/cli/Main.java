package vmette.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;

/** Entry of the {@code vmette} command. */
public final class Main {
    private static final Set<String> NOT_A_RUN = Set.of("--help", "-h", "--version", "-V", "help", "version");

    private Main() {}

    /** Runs one command and exits with its code: the guest's own, 1 run-time error, 2 usage error, 124 timeout. */
    public static void main(String[] args) {
        boolean copy = args.length > 0 && args[0].equals("cp");
        if (!copy && List.of(args).stream().noneMatch(NOT_A_RUN::contains)) {
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
        if (args.length > 0 && args[0].equals("run")) {
            CommandLine run = configured(new CommandLine(new RunCommand())).setCommandName("vmette run");
            return run.execute(Arrays.copyOfRange(args, 1, args.length));
        }
        return commandLine().execute(args);
    }

    static CommandLine commandLine() {
        return configured(new CommandLine(new VmetteCommand()));
    }

    private static CommandLine configured(CommandLine commandLine) {
        return commandLine
                .setExecutionExceptionHandler(new Failures())
                .setParameterExceptionHandler(new UsageErrors())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                // A command line for the guest is taken as it is.
                .setTrimQuotes(false);
    }
}
