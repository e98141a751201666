package vmette.cli;

import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import vmette.errors.Status;
import vmette.errors.VmetteException;

/** A failed command: what, where, why and what to do on standard error; 2 for what flags and files alone show, else 1. */
final class Failures implements CommandLine.IExecutionExceptionHandler {
    static final int RUNTIME_ERROR = 1;
    static final int USAGE_ERROR = 2;

    @Override
    public int handleExecutionException(
            Exception failure, CommandLine commandLine, CommandLine.ParseResult parseResult) {
        // Who stopped us knows why the VM is gone.
        if (!Shutdown.begun()) {
            tell(failure, commandLine);
        }
        return exitCode(failure);
    }

    static int exitCode(Exception failure) {
        return status(failure).filter(Status.INVALID_CONFIG::equals).isPresent() ? USAGE_ERROR : RUNTIME_ERROR;
    }

    private static void tell(Exception failure, CommandLine commandLine) {
        PrintWriter err = commandLine.getErr();
        boolean debug = isOn(commandLine, "--debug");
        CommandSpec command = commandLine.getCommandSpec();
        if (isOn(commandLine, "--json")) {
            RunReport.freshLine();
            err.println(report(failure, command));
        } else {
            err.println("vmette: " + message(failure, command)
                    + (debug || isKnown(failure) ? "" : " (this is a bug; --debug shows more)"));
        }
        if (debug) {
            failure.printStackTrace(err);
        }
        err.flush();
    }

    /** A failure as a line of JSON. */
    static String report(Exception failure, CommandSpec command) {
        return Report.failed(message(failure, command), status(failure), exitCode(failure));
    }

    private static Optional<Status> status(Exception failure) {
        if (failure instanceof VmetteException known) {
            return Optional.of(known.status());
        }
        return failure instanceof ParameterException ? Optional.of(Status.INVALID_CONFIG) : Optional.empty();
    }

    private static String message(Exception failure, CommandSpec command) {
        if (!isKnown(failure)) {
            return failure.toString();
        }
        return exitCode(failure) == USAGE_ERROR
                ? Variables.explain(failure.getMessage(), command)
                : failure.getMessage();
    }

    private static boolean isKnown(Exception failure) {
        return status(failure).isPresent();
    }

    /** Whether a command was given this flag, by a variable perhaps. */
    static boolean isOn(CommandLine commandLine, String flag) {
        OptionSpec option = commandLine.getCommandSpec().findOption(flag);
        return option != null && Boolean.TRUE.equals(option.getValue());
    }
}
