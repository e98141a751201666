package vmette.cli;

import java.util.List;
import java.util.Set;
import picocli.CommandLine;

/** Entry of the {@code vmette} command. */
public final class Main {
    private static final Set<String> NOT_A_RUN = Set.of("--help", "-h", "--version", "-V", "help", "version");

    private Main() {}

    /** Runs one command and exits with its code: the guest's own, 1 run-time error, 2 usage error, 124 timeout. */
    public static void main(String[] args) {
        if (List.of(args).stream().noneMatch(NOT_A_RUN::contains)) {
            Preload.begin();
        }
        int code = commandLine().execute(args);
        System.out.flush();
        System.err.flush();
        if (Shutdown.begun()) {
            Shutdown.await();
        }
        // Everything a command started is closed by the command; what is left are pools with nothing to do.
        Runtime.getRuntime().halt(code);
    }

    static CommandLine commandLine() {
        return new CommandLine(new VmetteCommand())
                .setExecutionExceptionHandler(new Failures())
                .setParameterExceptionHandler(new UsageErrors())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                // A command line for the guest is taken as it is.
                .setTrimQuotes(false);
    }
}
