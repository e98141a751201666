package vmette.cli;

import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import vmette.control.Facts;

/** How fleets are called, and what is said of what happens to them. */
final class FleetChoice {
    private static final String SUFFIX = ".conf";
    private static final Set<String> TOLD = Set.of("ready", "failed", "ended", "missed");

    private FleetChoice() {}

    /** The file's name without its suffix. */
    static String nameOf(Path file, CommandSpec command) {
        String name = file.getFileName().toString();
        String plain = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        check(plain, command);
        return plain;
    }

    /** Refuses what can be no name. */
    static void check(String name, CommandSpec command) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,62}")) {
            throw new ParameterException(
                    command.commandLine(),
                    "'" + name
                            + "' cannot be the name of a fleet: --fleet takes letters, digits, '-', '_' and '.', at most 63,"
                            + " the first a letter or digit");
        }
    }

    /** Says what happened, if it is worth it. */
    static void tell(Facts event, CommonOptions common) {
        if (common.isQuiet()) {
            return;
        }
        if (common.isJson()) {
            System.err.println(EventLines.json(event));
        } else if (TOLD.contains(event.text("event"))) {
            common.say(EventLines.text(event));
        }
    }
}
