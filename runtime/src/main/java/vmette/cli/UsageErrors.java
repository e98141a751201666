package vmette.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** A command line that cannot be understood: two lines on standard error, exit code 2. */
final class UsageErrors implements CommandLine.IParameterExceptionHandler {
    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        PrintWriter err = failure.getCommandLine().getErr();
        err.println("vmette: " + text(failure));
        err.println("Try '" + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return Failures.USAGE_ERROR;
    }

    private static String text(ParameterException failure) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unknown(unmatched);
        }
        if (failure instanceof MissingParameterException missing
                && missing.getMissing().stream().allMatch(ArgSpec::isPositional)) {
            return missing.getMissing().stream().map(ArgSpec::paramLabel).collect(Collectors.joining(" and "))
                    + " missing: " + failure.getCommandLine().getCommandName() + " SRC DST";
        }
        if (failure instanceof MissingParameterException missing
                && missing.getMissing().size() == 1
                && missing.getMissing().get(0) instanceof OptionSpec option) {
            return option.longestName() + " expects a value: " + option.longestName() + " " + option.paramLabel();
        }
        if (failure instanceof OverwrittenOptionException twice
                && twice.getOverwritten() instanceof OptionSpec option) {
            return option.longestName() + " is given twice: give it once";
        }
        return unfit(failure).orElseGet(failure::getMessage);
    }

    private static String unknown(UnmatchedArgumentException failure) {
        String first = failure.getUnmatched().get(0);
        String nearest = failure.getSuggestions().isEmpty()
                ? ""
                : "; the nearest one is " + failure.getSuggestions().get(0);
        return first.startsWith("-")
                ? first.split("=", 2)[0] + " is not an option" + nearest
                : "'" + first + "' is not understood"
                        + (nearest.isEmpty() ? remedy(failure.getCommandLine()) : nearest);
    }

    private static String remedy(CommandLine commandLine) {
        if (!commandLine.getCommandSpec().positionalParameters().isEmpty()) {
            return ": it takes two paths, SRC and DST";
        }
        return commandLine.getCommandSpec().optionsMap().containsKey("--exec")
                ? ": a command goes in quotes after --exec"
                : ": it takes nothing but options";
    }

    /** A value that is not of its option's type. */
    private static Optional<String> unfit(ParameterException failure) {
        ArgSpec argument = failure.getArgSpec();
        if (!(argument instanceof OptionSpec option) || failure.getValue() == null) {
            return Optional.empty();
        }
        String value = failure.getValue();
        Class<?> type = option.type();
        if (option.isMultiValue()) {
            return Optional.of(option.longestName() + " expects " + option.paramLabel() + ", not '" + value + "'");
        }
        if (type == Integer.class || type == Long.class) {
            String expected =
                    value.matches("[+-]?[0-9]+") ? " expects a number within reason, not " : " expects a number, not ";
            return Optional.of(option.longestName() + expected + "'" + value + "'");
        }
        return Optional.empty();
    }
}
