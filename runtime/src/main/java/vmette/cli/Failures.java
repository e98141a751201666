package vmette.cli;

import java.util.Arrays;
import picocli.CommandLine;
import vmette.errors.Status;
import vmette.errors.VmetteException;

/** A failed command: what, where, why and what to do on standard error; 2 for what flags and files alone show, else 1. */
final class Failures implements CommandLine.IExecutionExceptionHandler {
    static final int RUNTIME_ERROR = 1;
    static final int USAGE_ERROR = 2;

    @Override
    public int handleExecutionException(
            Exception failure, CommandLine commandLine, CommandLine.ParseResult parseResult) {
        boolean debug = Arrays.asList(parseResult.originalArgs().toArray()).contains("--debug");
        if (failure instanceof VmetteException known) {
            System.err.println("vmette: " + known.getMessage());
        } else {
            System.err.println("vmette: " + failure + " (this is a bug; --debug shows more)");
        }
        if (debug) {
            failure.printStackTrace();
        }
        boolean usage = failure instanceof VmetteException known && known.status() == Status.INVALID_CONFIG;
        return usage ? USAGE_ERROR : RUNTIME_ERROR;
    }
}
