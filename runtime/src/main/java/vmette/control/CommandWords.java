package vmette.control;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;

/** A command in the words in which a client tells it: a frame for each part, and the last one says that this is all. */
final class CommandWords {
    /** More than the guest takes. */
    private static final int MOST_CHARS = 512 << 10;

    private static final int MOST_WORDS = 16_384;
    private static final int PART = 48;
    private static final String GO = "go";
    private static final List<String> STDIN = List.of("stdin");

    private CommandWords() {}

    /** The parts of a command: what it runs, as whom, where and with what; the streams are all there but for standard input. */
    static List<List<String>> of(ExecSpec spec) {
        List<List<String>> parts = new ArrayList<>();
        List<String> arguments = spec.arguments();
        for (int at = 0; at < arguments.size(); at += PART) {
            List<String> part = new ArrayList<>(List.of("arguments"));
            part.addAll(arguments.subList(at, Math.min(at + PART, arguments.size())));
            parts.add(part);
        }
        new TreeMap<>(spec.env()).forEach((name, value) -> parts.add(List.of("env", name, value)));
        spec.user().ifPresent(user -> parts.add(List.of("user", user)));
        spec.directory().ifPresent(directory -> parts.add(List.of("directory", directory)));
        spec.terminal()
                .ifPresent(size -> parts.add(
                        List.of("terminal", Integer.toString(size.rows()), Integer.toString(size.columns()))));
        if (spec.stdin()) {
            parts.add(STDIN);
        }
        parts.add(List.of(GO));
        return parts;
    }

    /** Where the parts come from. */
    interface Parts {
        List<String> next() throws IOException;
    }

    /**
     * Reads a command.
     *
     * @throws InvalidConfigException if there cannot be such a one
     * @throws IOException if that is not told in these words
     */
    static ExecSpec read(Parts parts) throws IOException {
        List<String> arguments = new ArrayList<>();
        Map<String, String> env = new TreeMap<>();
        List<List<String>> rest = new ArrayList<>();
        int words = 0;
        long chars = 0;
        for (List<String> part = parts.next(); !part.equals(List.of(GO)); part = parts.next()) {
            words += part.size() + 1;
            chars += part.stream().mapToLong(String::length).sum();
            if (words > MOST_WORDS || chars > MOST_CHARS) {
                throw new InvalidConfigException("the command is too long: put it into a file of the guest");
            }
            switch (part.isEmpty() ? "" : part.get(0)) {
                case "arguments" -> arguments.addAll(part.subList(1, part.size()));
                case "env" -> env.put(word(part, 1), word(part, 2));
                default -> rest.add(part);
            }
        }
        ExecSpec spec = ExecSpec.of(arguments);
        for (Map.Entry<String, String> variable : env.entrySet()) {
            spec = spec.withEnv(variable.getKey(), variable.getValue());
        }
        for (List<String> part : rest) {
            spec = with(spec, part);
        }
        return rest.contains(STDIN) ? spec : spec.withoutStdin();
    }

    private static ExecSpec with(ExecSpec spec, List<String> part) throws IOException {
        return switch (word(part, 0)) {
            case "user" -> spec.withUser(word(part, 1));
            case "directory" -> spec.withDirectory(word(part, 1));
            case "terminal" -> spec.withTerminal(number(part, 1), number(part, 2));
            case "stdin" -> spec;
            default -> throw new IOException("a control connection that tells a command in other words");
        };
    }

    /** A word of a frame that should have it. */
    static String word(List<String> part, int index) throws IOException {
        if (index >= part.size()) {
            throw new IOException("a control frame with too few words");
        }
        return part.get(index);
    }

    /** A word that is a number. */
    static int number(List<String> part, int index) throws IOException {
        try {
            return Integer.parseInt(word(part, index));
        } catch (NumberFormatException e) {
            throw new IOException("a control frame with a number that is none", e);
        }
    }
}
