package vmette.cli;

import java.io.PrintWriter;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.OverwrittenOptionException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;
import vmette.config.Words;
import vmette.errors.Status;

/** A command line that cannot be understood: two lines on standard error, or one of JSON; exit code 2. */
final class UsageErrors implements CommandLine.IParameterExceptionHandler {
    @Override
    public int handleParseException(ParameterException failure, String[] args) {
        PrintWriter err = failure.getCommandLine().getErr();
        String text = text(failure);
        // It may have been met before the flag was reached.
        if (List.of(args).contains("--json")) {
            RunReport.freshLine();
            err.println(Report.failed(text, Optional.of(Status.INVALID_CONFIG), Failures.USAGE_ERROR));
        } else {
            err.println("vmette: " + text);
            err.println("Try '" + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        }
        if (List.of(args).contains("--debug")) {
            failure.printStackTrace(err);
        }
        return Failures.USAGE_ERROR;
    }

    private static String text(ParameterException failure) {
        CommandSpec command = failure.getCommandLine().getCommandSpec();
        if (failure instanceof UnmatchedArgumentException unmatched) {
            return unknown(unmatched, command);
        }
        if (failure instanceof MissingParameterException missing
                && missing.getMissing().stream().allMatch(ArgSpec::isPositional)) {
            return missing(missing, command);
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
        return unfit(failure, Variables.of(command)).orElseGet(() -> Variables.explain(failure.getMessage(), command));
    }

    private static String missing(MissingParameterException failure, CommandSpec command) {
        String labels = failure.getMissing().stream().map(ArgSpec::paramLabel).collect(Collectors.joining(" and "));
        String all =
                command.positionalParameters().stream().map(ArgSpec::paramLabel).collect(Collectors.joining(" "));
        return labels + " missing: " + command.name() + " " + all;
    }

    private static String unknown(UnmatchedArgumentException failure, CommandSpec command) {
        String first = failure.getUnmatched().get(0);
        if (first.startsWith("-")) {
            String option = first.split("=", 2)[0];
            return option + " is not an option"
                    + nearest(
                            option,
                            command.options().stream()
                                    .filter(known -> !known.hidden())
                                    .map(OptionSpec::longestName)
                                    .toList());
        }
        return "'" + first + "' is not understood"
                + (command.subcommands().isEmpty()
                        ? remedy(command)
                        : nearest(first, command.subcommands().keySet())
                                + "; a command for the guest goes in quotes after --exec");
    }

    private static String nearest(String word, Collection<String> known) {
        return Words.nearest(word, known)
                .filter(near -> Words.distance(word, near) <= Math.max(2, word.length() / 2))
                .map(near -> "; the nearest one is " + near)
                .orElse("");
    }

    private static String remedy(CommandSpec command) {
        if (!command.positionalParameters().isEmpty()) {
            String labels = command.positionalParameters().stream()
                    .map(ArgSpec::paramLabel)
                    .collect(Collectors.joining(" and "));
            return ": it takes " + labels + " and no more";
        }
        return command.findOption("--exec") == null
                ? ": " + command.name() + " takes options only"
                : ": a command goes in quotes after --exec";
    }

    /** A value that is not of its option's type. */
    private static Optional<String> unfit(ParameterException failure, Variables variables) {
        if (!(failure.getArgSpec() instanceof OptionSpec option) || failure.getValue() == null) {
            return Optional.empty();
        }
        String name = variables.instead(option).orElse(option.longestName());
        return Optional.of(
                name + " expects " + expected(option, failure.getValue()) + ", not '" + failure.getValue() + "'");
    }

    private static String expected(OptionSpec option, String value) {
        Class<?> type = option.type();
        if (option.isMultiValue()) {
            return option.paramLabel();
        }
        if (type == Integer.class || type == Long.class) {
            if (value.matches("[+-]?[0-9]+")) {
                return "a number within reason";
            }
            return value.matches("[0-9]+[A-Za-z]+") ? "a number without a unit" : "a number";
        }
        if (type == Boolean.class || type == boolean.class) {
            return "true or false";
        }
        if (type == Age.class) {
            return "an age such as 30d, 12h or 2w";
        }
        return type == Mebibytes.class ? "a size such as 8G or 512M, or a number of MiB" : option.paramLabel();
    }
}
