package vmette.cli;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The log on standard error, as slf4j-simple has it: read once, when the first logger is made, so set before anything else. */
public final class LogLevels {
    /** What the launcher makes the level of all that no flag speaks for. */
    static final String VARIABLE = "VMETTE_LOG";

    private static final String PREFIX = "org.slf4j.simpleLogger.";

    /** slf4j-simple's words, in either case; it takes any other for {@code info}. */
    private static final Set<String> WORDS = Set.of("off", "error", "warn", "info", "debug", "trace");

    private LogLevels() {}

    /** As the command line and the environment ask; what they do not ask for stays as it is. */
    static void set(List<String> arguments, Map<String, String> environment) {
        levels(arguments, environment).forEach((key, level) -> System.setProperty(PREFIX + key, level));
    }

    /** What is wrong with the variable, if anything is. */
    public static Optional<String> refusal(Map<String, String> environment) {
        return Optional.ofNullable(environment.get(VARIABLE))
                .filter(level -> !level.isEmpty() && !WORDS.contains(level.toLowerCase(Locale.ROOT)))
                .map(level -> VARIABLE + " expects off, error, warn, info, debug or trace, not '" + level + "'");
    }

    static Map<String, String> levels(List<String> arguments, Map<String, String> environment) {
        if (arguments.contains("--debug") || isOn(environment, "VMETTE_DEBUG")) {
            return Map.of(
                    "log.vmette",
                    "debug",
                    "log.akka",
                    "info",
                    "showDateTime",
                    "true",
                    "dateTimeFormat",
                    "HH:mm:ss.SSS");
        }
        // A flag of either kind goes over the variables of both.
        boolean verbose = arguments.contains("--verbose") || arguments.stream().anyMatch(LogLevels::isShortWithV);
        boolean quiet = arguments.contains("--quiet");
        if (verbose || (!quiet && isOn(environment, "VMETTE_VERBOSE"))) {
            return Map.of("log.vmette", "info");
        }
        if (quiet || isOn(environment, "VMETTE_QUIET")) {
            return Map.of("log.vmette", "error", "log.akka", "error");
        }
        // A fleet in the foreground tells each failure itself; who asks for a log gets all of it.
        return arguments.stream().findFirst().filter("up"::equals).isPresent()
                        && environment.getOrDefault(VARIABLE, "").isEmpty()
                ? Map.of("log.vmette.actors.VmSupervisor", "error")
                : Map.of();
    }

    private static boolean isShortWithV(String argument) {
        return argument.startsWith("-") && argument.indexOf('v') > 0 && argument.matches("-[a-zA-Z]+");
    }

    private static boolean isOn(Map<String, String> environment, String variable) {
        return environment.getOrDefault(variable, "").equalsIgnoreCase("true");
    }
}
