package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The templates of a file, each with all that it inherits. */
final class Templates {
    private static final ConfigValue SOME_COMMAND = ConfigValueFactory.fromAnyRef("true");

    private final Map<String, NamedSection> sections;
    private final Config base;
    private final Problems problems;

    /** Empty for one that cannot be told, since its ancestors cannot. */
    private final Map<String, Optional<Config>> known = new HashMap<>();

    /**
     * Reads all of them.
     *
     * @param vmette the file's
     * @param base what they fall back on
     */
    Templates(Config vmette, Config base, Problems problems) {
        this.sections = NamedSection.all(vmette, "templates", Keys.TEMPLATE, problems);
        this.base = base;
        this.problems = problems;
        sections.keySet().forEach(this::whole);
    }

    /** What one who names this section's {@code key} has of it; everything's base where it names none. */
    Optional<Config> named(NamedSection section, String key) {
        if (!section.has(key)) {
            return Optional.of(base);
        }
        return section.oneOf(key, sections, "template").flatMap(known::get);
    }

    /** What a section comes to over what it inherits; mistakes of its own are left out. */
    static Trial<Body> over(Config inherited, Config own, String path, Problems problems) {
        Trial<Body> trial = Trial.of(
                own,
                path,
                problems,
                left -> Body.of(mended(left, path, problems).withFallback(inherited), path));
        return new Trial<>(mended(trial.left(), path, problems), trial.value());
    }

    /** What can be said of a section whose template is not known. */
    void alone(Config own, String path) {
        Trial.alone(own, path, problems, value -> Body.of(value.withFallback(base), path));
    }

    /** What is wrong with {@code run} has been told; that it then lacks a command is nothing new. */
    private static Config mended(Config own, String path, Problems problems) {
        return problems.concern(path + ".run")
                        && own.root().get("run") instanceof ConfigObject run
                        && !run.containsKey("command")
                        && !run.containsKey("image-command")
                ? own.withValue("run.command", SOME_COMMAND)
                : own;
    }

    private Optional<Config> whole(String name) {
        // Not computeIfAbsent, which may not be entered again; no deeper than a line of ancestors.
        if (!known.containsKey(name)) {
            known.put(name, read(sections.get(name)));
        }
        return known.get(name);
    }

    private Optional<Config> read(NamedSection section) {
        if (!section.has("extends")) {
            return Optional.of(over(base, section));
        }
        Optional<String> parent = section.oneOf("extends", sections, "template");
        Optional<Config> above = parent.filter(name -> endsWell(section)).flatMap(this::whole);
        if (above.isEmpty()) {
            alone(section.without("extends"), section.path());
        }
        return above.map(known -> over(known, section));
    }

    private Config over(Config above, NamedSection section) {
        return over(above, section.without("extends"), section.path(), problems)
                .left()
                .withFallback(above);
    }

    /** Whether its line of ancestors does. One that does not is refused once, at the first of those that are to blame. */
    private boolean endsWell(NamedSection section) {
        List<String> line = new ArrayList<>();
        Optional<String> next = Optional.of(section.name());
        while (next.isPresent() && !line.contains(next.get()) && line.size() <= Deployment.DEEPEST) {
            line.add(next.get());
            next = parent(next.get());
        }
        if (next.isPresent() && line.contains(next.get())) {
            List<String> circle = line.subList(line.indexOf(next.get()), line.size());
            if (Collections.min(circle).equals(section.name())) {
                section.refuse(
                        "extends", "goes round in a circle", "take extends out of one of " + String.join(", ", circle));
            }
            return false;
        }
        if (line.size() == Deployment.DEEPEST + 1 && next.isEmpty()) {
            section.refuse(
                    "extends",
                    "is one too many in a row",
                    "at most " + Deployment.DEEPEST + " templates may extend one another; let it extend another one");
        }
        return line.size() <= Deployment.DEEPEST;
    }

    private Optional<String> parent(String name) {
        ConfigValue parent = sections.get(name).own().root().get("extends");
        return parent == null
                ? Optional.empty()
                : Optional.of(String.valueOf(parent.unwrapped())).filter(sections::containsKey);
    }
}
