package vmette.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import vmette.config.Words;

/**
 * What the environment says in the place of options that are not given: {@code VMETTE_MEM_MIB} for {@code --mem-mib}. A repeatable option's
 * variable has a value on each line. An empty one counts as not set.
 */
final class Variables implements CommandLine.IDefaultValueProvider {
    static final String PREFIX = "VMETTE_";

    /** Those without: what asks for one thing once, and the one whose variable is a guest's word for its own port. */
    private static final Set<String> WITHOUT = Set.of(
            "--help",
            "--version",
            "--json",
            "--status-fd",
            "--vsock-port",
            "--keep-setuid",
            "--older-than",
            "--prefix",
            "--pool",
            "--all",
            "--destdir",
            "--dry-run",
            "--fleet",
            "--follow",
            "--lines",
            "--stdin",
            "--user",
            "--workdir",
            "--yes");

    /** What these are for is elsewhere: the launcher, the check, the guest, registries. */
    private static final Set<String> OTHERS = Set.of(
            "VMETTE_BUILD",
            "VMETTE_CDS",
            LogLevels.VARIABLE,
            "VMETTE_JAVA_HOME",
            "VMETTE_JAVA_OPTS",
            "VMETTE_CHECK_SECONDS",
            "VMETTE_FUZZ_BUILT",
            "VMETTE_VSOCK_PORT");

    /** A flag of one silences the variable of the other as well. */
    private static final Map<String, List<String>> RIVALS =
            Map.of("--quiet", List.of("--verbose", "-v"), "--verbose", List.of("--quiet"));

    private static final String OF_REGISTRIES = "VMETTE_OCI_";

    /** So many letters may be wrong in what is taken for a slip of the pen, and no more than one of each three. */
    private static final int MOST_WRONG = 2;

    private static final int LETTERS_TO_ONE = 3;

    private final Map<String, String> set = new TreeMap<>();
    private final List<String> arguments;
    private final Optional<String> logRefusal;

    /**
     * @param environment of the process
     * @param arguments of the command line; an option that is among them needs no variable
     */
    Variables(Map<String, String> environment, List<String> arguments) {
        this.arguments = List.copyOf(arguments);
        this.logRefusal = LogLevels.refusal(environment);
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            String name = variable.getKey();
            boolean others = OTHERS.contains(name) || name.startsWith(OF_REGISTRIES);
            if (name.startsWith(PREFIX) && !others && !variable.getValue().isEmpty()) {
                set.put(name, variable.getValue());
            }
        }
    }

    /** Those that this command was given. */
    static Variables of(CommandSpec command) {
        return command.defaultValueProvider() instanceof Variables variables
                ? variables
                : new Variables(Map.of(), List.of());
    }

    /** Whether help may be asked for; who has no arguments may do so later. */
    boolean mayAskForHelp() {
        if (arguments.isEmpty() || arguments.contains("--help") || arguments.contains("help")) {
            return true;
        }
        for (String argument : arguments) {
            if (isShortWith(argument, 'h')) {
                return true;
            }
        }
        return false;
    }

    /** The variable of an option, by its long name. */
    static String name(String option) {
        return PREFIX + option.substring(2).replace('-', '_').toUpperCase(Locale.ROOT);
    }

    /** The variable of an option, if it has one. */
    static Optional<String> of(OptionSpec option) {
        return WITHOUT.contains(option.longestName()) || option.hidden()
                ? Optional.empty()
                : Optional.of(name(option.longestName()));
    }

    @Override
    public String defaultValue(ArgSpec argument) {
        // Asked for every option of every start.
        return !set.isEmpty() && argument instanceof OptionSpec option && !option.isMultiValue()
                ? instead(option).map(set::get).orElse(null)
                : null;
    }

    /** The variable that speaks for this option, which is not given itself. */
    Optional<String> instead(OptionSpec option) {
        return of(option).filter(set::containsKey).filter(variable -> !isGiven(option));
    }

    private boolean isGiven(OptionSpec option) {
        List<String> names = new ArrayList<>(List.of(option.names()));
        if (option.negatable()) {
            names.add("--no-" + option.longestName().substring(2));
        }
        names.addAll(RIVALS.getOrDefault(option.longestName(), List.of()));
        return names.stream().anyMatch(name -> arguments.stream()
                .anyMatch(argument -> argument.equals(name)
                        || argument.startsWith(name + "=")
                        || (isShort(name) && isShortWith(argument, name.charAt(1)))));
    }

    private static boolean isShort(String name) {
        return name.length() == 2;
    }

    /** Several short options may be one word. */
    private static boolean isShortWith(String argument, char letter) {
        return argument.startsWith("-") && !argument.startsWith("--") && argument.indexOf(letter) > 0;
    }

    /** What is given, else the variable's lines. */
    List<String> orLines(List<String> given, String option) {
        return given.isEmpty() ? lines(option) : given;
    }

    /** The lines of a repeatable option's variable. */
    List<String> lines(String option) {
        if (set.isEmpty()) {
            return List.of();
        }
        return set.getOrDefault(name(option), "")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
    }

    /** Those of a command's options for which a variable speaks, for messages. */
    List<String> speaking(CommandSpec command) {
        return command.options().stream()
                .flatMap(option -> instead(option).stream())
                .sorted()
                .toList();
    }

    /** A refusal, with the variables that had their say; what is refused may be something that nobody remembers having exported. */
    static String explain(String refusal, CommandSpec command) {
        List<String> speaking = of(command).speaking(command);
        return speaking.isEmpty() || refusal.contains(PREFIX)
                ? refusal
                : refusal + " (from the environment: " + String.join(", ", speaking) + ")";
    }

    /** What is wrong with the log's level, if anything is. */
    Optional<String> logRefusal() {
        return logRefusal;
    }

    /** A variable that is none of ours but so like one of ours that it must be meant for it: its name and that of ours. */
    Optional<Map.Entry<String, String>> slip(CommandSpec command) {
        if (set.isEmpty()) {
            return Optional.empty();
        }
        List<String> strangers = new ArrayList<>(set.keySet());
        strangers.removeAll(known(command));
        if (strangers.isEmpty()) {
            return Optional.empty();
        }
        // Rare: what other commands know is asked for only now.
        Set<String> known = new TreeSet<>(known(command));
        known.addAll(known(Main.commandLine().getCommandSpec()));
        strangers.removeAll(known);
        return strangers.stream()
                .flatMap(stranger -> Words.nearest(stranger, known)
                        .filter(near -> isSlip(stranger, near))
                        .map(near -> Map.entry(stranger, near))
                        .stream())
                .findFirst();
    }

    private static boolean isSlip(String stranger, String near) {
        return Words.distance(stranger, near)
                <= Math.min(MOST_WRONG, (stranger.length() - PREFIX.length()) / LETTERS_TO_ONE);
    }

    private static Set<String> known(CommandSpec command) {
        Set<String> known = command.options().stream()
                .flatMap(option -> of(option).stream())
                .collect(Collectors.toSet());
        command.subcommands().values().forEach(sub -> known.addAll(known(sub.getCommandSpec())));
        return known;
    }
}
