package vmette.cli;

import java.io.PrintWriter;
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
        // Who stopped us knows why the VM is gone.
        if (!Shutdown.begun()) {
            tell(failure, commandLine.getErr(), parseResult.originalArgs().contains("--debug"));
        }
        boolean usage = failure instanceof VmetteException known && known.status() == Status.INVALID_CONFIG;
        return usage ? USAGE_ERROR : RUNTIME_ERROR;
    }

    private static void tell(Exception failure, PrintWriter err, boolean debug) {
        if (failure instanceof VmetteException known) {
            err.println("vmette: " + known.getMessage());
        } else {
            err.println("vmette: " + failure + (debug ? "" : " (this is a bug; --debug shows more)"));
        }
        if (debug) {
            failure.printStackTrace(err);
        }
        err.flush();
    }
}
