package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import vmette.errors.InvalidConfigException;

/**
 * Finds every mistake of a section by a reader that stops at its first one. What has made the reader stop is a value without which it says
 * something else; that is taken out and the reader is asked again, so that it is always the reader alone that knows what is allowed.
 *
 * @param left the section without what was refused
 * @param value what was read in the end; empty where no single value is to blame
 */
record Trial<T>(Config left, Optional<T> value) {
    private record Leaf(String path, String key, ConfigValue value) {}

    /** @param path where the section stands */
    static <T> Trial<T> of(Config own, String path, Problems problems, Function<Config, T> reader) {
        Config left = own;
        while (true) {
            try {
                return new Trial<>(left, Optional.of(reader.apply(left)));
            } catch (InvalidConfigException e) {
                Optional<Leaf> found = culprit(left, e.getMessage(), reader);
                if (found.isEmpty()) {
                    problems.refused(own.origin(), path, path, e.getMessage());
                    return new Trial<>(left, Optional.empty());
                }
                Leaf culprit = found.get();
                problems.refused(culprit.value().origin(), path + "." + culprit.path(), culprit.key(), e.getMessage());
                left = left.withoutPath(culprit.path());
            }
        }
    }

    /** Of a section over what is not known: refuses only values that can be right beside no others. */
    static void alone(Config own, String path, Problems problems, Function<Config, ?> reader) {
        for (Leaf leaf : leaves(own.root(), List.of())) {
            refusal(leaf.value().atPath(leaf.path()), reader)
                    .filter(Problems::isOfOneValue)
                    .ifPresent(message ->
                            problems.refused(leaf.value().origin(), path + "." + leaf.path(), leaf.key(), message));
        }
    }

    /** One that the message names, else one with which all is well, else any that makes a difference. */
    private static Optional<Leaf> culprit(Config section, String message, Function<Config, ?> reader) {
        List<Leaf> healing = new ArrayList<>();
        List<Leaf> changing = new ArrayList<>();
        for (Leaf leaf : leaves(section.root(), List.of())) {
            Optional<String> refusal = refusal(section.withoutPath(leaf.path()), reader);
            if (refusal.isEmpty()) {
                healing.add(leaf);
            } else if (!refusal.get().equals(message)) {
                changing.add(leaf);
            }
        }
        List<Leaf> all = new ArrayList<>(healing);
        all.addAll(changing);
        return all.stream()
                .filter(leaf -> Problems.named(message, leaf.key()))
                .findFirst()
                .or(() -> all.stream().findFirst());
    }

    private static Optional<String> refusal(Config section, Function<Config, ?> reader) {
        try {
            Objects.requireNonNull(reader.apply(section));
            return Optional.empty();
        } catch (InvalidConfigException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Nulls and empty sections, too. */
    private static List<Leaf> leaves(ConfigObject section, List<String> above) {
        List<Leaf> leaves = new ArrayList<>();
        section.forEach((key, value) -> {
            List<String> path = new ArrayList<>(above);
            path.add(key);
            if (value instanceof ConfigObject inner && !inner.isEmpty()) {
                leaves.addAll(leaves(inner, path));
            } else {
                leaves.add(new Leaf(ConfigUtil.joinPath(path), key, value));
            }
        });
        return leaves;
    }
}
