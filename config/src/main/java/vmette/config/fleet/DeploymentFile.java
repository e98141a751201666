package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import vmette.config.PoolPlan;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;

/**
 * A file in HOCON whose {@code vmette { }} section holds settings and perhaps a fleet, read strictly; docs/fleets.md has the keys.
 *
 * @param settings the runtime's, as the file and {@code reference.conf} have them
 * @param deployment the fleet, which may be empty
 * @param entries what each name of {@code vmette.fleet} comes to with all that it inherits; values know where they were set
 * @param groups what each name of {@code vmette.groups} comes to, likewise
 * @param pools by name, sorted
 */
public record DeploymentFile(
        RuntimeSettings settings,
        Deployment deployment,
        Map<String, Config> entries,
        Map<String, Config> groups,
        Map<String, PoolPlan> pools) {
    private static final String ROOT = "vmette";

    /** Checks what is given. */
    public DeploymentFile {
        entries = Map.copyOf(entries);
        groups = Map.copyOf(groups);
        pools = Collections.unmodifiableMap(new TreeMap<>(pools));
    }

    /**
     * Reads a file; substitutions may name environment variables.
     *
     * @throws InvalidConfigException if there is no such file
     * @throws DeploymentRefusedException with all its mistakes
     */
    public static DeploymentFile read(Path file) {
        return of(parse(file), file.toString());
    }

    /**
     * What a file says, with what it includes and with its substitutions resolved, unchecked but for being HOCON.
     *
     * @throws InvalidConfigException if there is no such file
     * @throws DeploymentRefusedException if it is no HOCON
     */
    public static Config parse(Path file) {
        if (Files.isDirectory(file) || !Files.isReadable(file)) {
            String why = Files.isDirectory(file)
                    ? "is a directory"
                    : Files.exists(file) ? "cannot be read by this user" : "does not exist";
            throw new InvalidConfigException("the configuration " + file + " " + why + ": give a file in HOCON");
        }
        return parsed(file);
    }

    private static Config parsed(Path file) {
        try {
            Config parsed = ConfigFactory.parseFile(
                    file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
            return parsed.resolveWith(parsed.withFallback(Keys.REFERENCE.atPath(ROOT)));
        } catch (ConfigException e) {
            ConfigOrigin origin = e.origin() == null ? ConfigOriginFactory.newFile(file.toString()) : e.origin();
            String place = origin.description() + ": ";
            String message =
                    e.getMessage().startsWith(place) ? e.getMessage().substring(place.length()) : e.getMessage();
            Problems problems = new Problems();
            problems.add(origin, "the file", "cannot be read as HOCON (" + message + ")", "correct it there");
            throw problems.refusal(file.toString());
        }
    }

    /**
     * Reads what has been parsed.
     *
     * @param config resolved, and without {@code reference.conf}
     * @param name for messages
     * @throws DeploymentRefusedException with all its mistakes
     */
    public static DeploymentFile of(Config config, String name) {
        Problems problems = new Problems();
        checkTop(config, problems);
        problems.throwIfAny(name);
        Config vmette = Keys.known(config.getConfig(ROOT), Keys.ROOT, ROOT, problems);
        Trial<RuntimeSettings> settings = Trial.of(
                vmette.withoutPath("templates").withoutPath("fleet").withoutPath("groups"),
                ROOT,
                problems,
                left -> RuntimeSettings.from(left.atPath(ROOT)));
        Config whole = settings.left().withFallback(Keys.REFERENCE);
        Config base = whole.getConfig("vm").withoutPath("exec").withValue("recovery", whole.getValue("recovery"));
        Templates templates = new Templates(vmette, base, problems);
        Map<String, NamedSection> fleet = NamedSection.all(vmette, "fleet", Keys.ENTRY, problems);
        Map<String, Entry> entries = Entries.read(fleet, templates, problems);
        Groups groups = new Groups(NamedSection.all(vmette, "groups", Keys.GROUP, problems), fleet, entries, problems);
        Deployment deployment = groups.deployment();
        problems.throwIfAny(name);
        Map<String, Config> wholes = new LinkedHashMap<>();
        entries.forEach((entry, read) -> wholes.put(entry, read.shown(groups.parent(entry))));
        return new DeploymentFile(
                settings.value().orElseThrow(),
                deployment,
                wholes,
                groups.shown(),
                PoolPlan.all(settings.left().atPath(ROOT)));
    }

    private static void checkTop(Config config, Problems problems) {
        ConfigValue vmette = config.root().get(ROOT);
        if (vmette != null && !(vmette instanceof ConfigObject)) {
            problems.add(vmette.origin(), ROOT + " = " + vmette.unwrapped(), "is refused", "allowed is vmette { ... }");
        }
        config.root().forEach((key, value) -> {
            if (Keys.ROOT.containsKey(key)) {
                problems.add(value.origin(), key, "stands outside of vmette", "put it inside of vmette { ... }");
            }
        });
        if (vmette == null && problems.isEmpty()) {
            problems.add(config.origin(), "the file", "has no vmette section", "write vmette { ... }");
        }
    }
}
