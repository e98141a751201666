package vmette.cli;

import picocli.CommandLine;

/** A command line that cannot be understood: one or two lines on standard error, exit code 2. */
final class UsageErrors implements CommandLine.IParameterExceptionHandler {
    @Override
    public int handleParseException(CommandLine.ParameterException failure, String[] args) {
        System.err.println("vmette: " + failure.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(failure, System.err)) {
            System.err.println(
                    "Try '" + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        }
        return Failures.USAGE_ERROR;
    }
}
