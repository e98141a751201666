package vmette.config.fleet;

import com.typesafe.config.ConfigOrigin;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import vmette.config.Origins;
import vmette.config.Words;

/** Collects what is wrong with a file. */
final class Problems {
    /** So many are listed; whoever has more begins with these. */
    static final int MOST = 100;

    private static final String REFUSED = " is refused: allowed is ";

    private record Placed(String file, int line, ConfigProblem problem) {}

    private final Set<Placed> found = new LinkedHashSet<>();
    private final Set<String> concerned = new HashSet<>();

    void add(ConfigOrigin origin, String what, String why, String remedy) {
        ConfigProblem problem = new ConfigProblem(Origins.where(origin), what, why, remedy);
        String file = origin.filename() == null ? "" : origin.filename();
        found.add(new Placed(file, origin.lineNumber(), problem));
        String path = what.split(" ", 2)[0];
        for (int end = path.length(); end > 0; end = path.lastIndexOf('.', end - 1)) {
            concerned.add(path.substring(0, end));
        }
    }

    /** Whether something has been told of this section, or of what is in it. */
    boolean concern(String path) {
        return concerned.contains(path);
    }

    /**
     * What a value's own reader says of it.
     *
     * @param path of the value
     * @param key its last part
     */
    void refused(ConfigOrigin origin, String path, String key, String message) {
        String text = message.replace(" (" + Origins.where(origin) + ")", "");
        for (String known : List.of(path + ": ", path + " ")) {
            if (text.startsWith(known)) {
                text = text.substring(known.length());
            }
        }
        int refused = text.indexOf(REFUSED);
        if (refused >= 0) {
            String given = text.substring(0, refused);
            String what = given.startsWith("=") ? path + " " + given : path + " (" + given + ")";
            add(origin, what, "is refused", "allowed is " + text.substring(refused + REFUSED.length()));
            return;
        }
        int colon = text.indexOf(": ");
        String why = colon < 0 ? text : text.substring(0, colon);
        add(
                origin,
                path,
                named(why, key) && why.startsWith(key)
                        ? why.substring(key.length()).strip()
                        : "is refused, for " + why,
                colon < 0 ? "leave it out" : text.substring(colon + 2));
    }

    /** Whether a reader's message is about one value, and not about several that do not go together. */
    static boolean isOfOneValue(String message) {
        return message.contains(REFUSED);
    }

    /** Whether a text speaks of a key, and not of one that it is a part of. */
    static boolean named(String text, String key) {
        return Pattern.compile("(?<![\\w-])" + Pattern.quote(key) + "(?![\\w-])")
                .matcher(text)
                .find();
    }

    /** The end of a remedy: the one that was meant, perhaps. */
    static String nearest(String word, Collection<String> known) {
        return Words.nearest(word, known)
                .map(near -> "the nearest one is " + near)
                .orElse("there is none");
    }

    boolean isEmpty() {
        return found.isEmpty();
    }

    void throwIfAny(String file) {
        if (!found.isEmpty()) {
            throw refusal(file);
        }
    }

    DeploymentRefusedException refusal(String file) {
        List<ConfigProblem> listed = found.stream()
                .sorted(Comparator.comparing(Placed::file).thenComparingInt(Placed::line))
                .limit(MOST)
                .map(Placed::problem)
                .toList();
        return new DeploymentRefusedException(file, listed, found.size() - listed.size());
    }
}
