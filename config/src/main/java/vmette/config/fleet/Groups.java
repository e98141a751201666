package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import vmette.config.Origins;
import vmette.config.RecoverySettings;

/** Reads {@code vmette.groups}: who belongs where, and in which order. */
final class Groups {
    private static final Strategy DEFAULT = Strategy.ONE_FOR_ONE;

    private static final Config DEFAULTS = ConfigFactory.parseMap(Map.of("strategy", DEFAULT.word()), Origins.DEFAULT);

    private final Map<String, NamedSection> sections;
    private final Map<String, NamedSection> fleet;
    private final Map<String, Entry> entries;
    private final Problems problems;

    /** The group of a name, as that name says itself or as the group says of it. */
    private final Map<String, String> parents = new TreeMap<>();

    private final Map<String, Set<String>> listed = new TreeMap<>();

    Groups(
            Map<String, NamedSection> sections,
            Map<String, NamedSection> fleet,
            Map<String, Entry> entries,
            Problems problems) {
        this.sections = sections;
        this.fleet = fleet;
        this.entries = entries;
        this.problems = problems;
        fleet.values().forEach(section -> join(section, "group"));
        sections.values().forEach(section -> join(section, "parent"));
        sections.values().forEach(this::list);
        sections.values().forEach(this::checkName);
        sections.values().forEach(this::checkCircle);
    }

    Deployment deployment() {
        Map<String, GroupPlan> groups = new TreeMap<>();
        sections.values().forEach(section -> groups.put(section.name(), group(section)));
        // Of a broken file there is none.
        if (!problems.isEmpty()) {
            return Deployment.EMPTY;
        }
        List<VmPlan> vms = new ArrayList<>();
        entries.forEach((name, entry) -> vms.addAll(entry.plans(Optional.ofNullable(parents.get(name)))));
        Set<String> roots = new TreeSet<>(entries.keySet());
        roots.addAll(sections.keySet());
        roots.removeAll(parents.keySet());
        return new Deployment(vms, groups, expanded(roots.stream()));
    }

    /** The group that a name of the fleet or a group belongs to, as it says itself, or as the group does. */
    Optional<ConfigValue> parent(String child) {
        return Optional.ofNullable(parents.get(child)).map(group -> {
            boolean says = listed.get(group).contains(child);
            ConfigOrigin said = says
                    ? sections.get(group).own().root().get("children").origin()
                    : (fleet.containsKey(child) ? fleet : sections)
                            .get(child)
                            .own()
                            .origin();
            return ConfigValueFactory.fromAnyRef(group).withOrigin(said);
        });
    }

    /** What each group comes to; of a name that has a count, the name. */
    Map<String, Config> shown() {
        Map<String, Config> shown = new TreeMap<>();
        sections.forEach((name, section) -> {
            List<String> children = new ArrayList<>(listed.get(name));
            rest(section).forEach(children::add);
            ConfigOrigin said = section.has("children")
                    ? section.own().root().get("children").origin()
                    : section.own().origin();
            Config whole = section.own()
                    .withFallback(Keys.REFERENCE.getConfig("recovery").root().withOnlyKey("max-restarts"))
                    .withFallback(Keys.REFERENCE.getConfig("recovery").root().withOnlyKey("within"))
                    .withFallback(DEFAULTS)
                    .withValue(
                            "children",
                            ConfigValueFactory.fromIterable(children).withOrigin(said));
            shown.put(
                    name,
                    parent(name).map(group -> whole.withValue("parent", group)).orElse(whole));
        });
        return shown;
    }

    private void join(NamedSection section, String key) {
        section.oneOf(key, sections, "group").ifPresent(group -> parents.put(section.name(), group));
    }

    private void list(NamedSection group) {
        Set<String> children = new LinkedHashSet<>();
        for (String child : group.names("children")) {
            Set<String> known = new TreeSet<>(fleet.keySet());
            known.addAll(sections.keySet());
            String other = parents.putIfAbsent(child, group.name());
            if (!known.contains(child)) {
                parents.remove(child);
                group.refuse("children", "names " + child + ", which is not there", Problems.nearest(child, known));
            } else if (other != null && !other.equals(group.name())) {
                group.refuse(
                        "children",
                        "names " + child + ", which belongs to " + other,
                        "take it out of one of the two groups");
            } else if (!children.add(child)) {
                group.refuse("children", "names " + child + " twice", "name it once");
            }
        }
        listed.put(group.name(), children);
    }

    private void checkName(NamedSection group) {
        String name = group.name();
        if (fleet.containsKey(name) || entries.values().stream().anyMatch(entry -> isOf(entry, name))) {
            problems.add(
                    group.own().origin(),
                    group.path(),
                    "has the name of a VM of the fleet",
                    "name one of them otherwise");
        }
        if (!parents.containsValue(name) && !problems.concern(group.path())) {
            problems.add(
                    group.own().origin(),
                    group.path(),
                    "has no children",
                    "name them in its order, children = [...], or take it out");
        }
    }

    private static boolean isOf(Entry entry, String name) {
        return name.startsWith(entry.section().name() + "-") && entry.names().contains(name);
    }

    private void checkCircle(NamedSection group) {
        Set<String> line = new LinkedHashSet<>();
        String next = group.name();
        while (next != null && line.add(next)) {
            next = parents.get(next);
        }
        if (group.name().equals(next) && new TreeSet<>(line).first().equals(next)) {
            problems.add(
                    group.own().origin(),
                    group.path(),
                    "belongs to itself",
                    "take one of " + String.join(", ", line) + " out of its group");
        } else if (next == null && line.size() == Deployment.DEEPEST + 1) {
            problems.add(
                    group.own().origin(),
                    group.path(),
                    "is one group too deep",
                    "at most " + Deployment.DEEPEST + " may be in one another; let it belong to another one");
        }
    }

    private GroupPlan group(NamedSection section) {
        RecoverySettings limits = Trial.of(
                        section.only("max-restarts", "within"),
                        section.path(),
                        problems,
                        left -> RecoverySettings.from(left, section.path()))
                .value()
                .orElseThrow();
        Strategy strategy = strategy(section);
        Duration within = limits.within();
        return new GroupPlan(
                section.name(),
                strategy,
                limits.maxRestarts(),
                within,
                Optional.ofNullable(parents.get(section.name())),
                children(section, strategy));
    }

    private List<String> children(NamedSection section, Strategy strategy) {
        Set<String> rest = rest(section);
        if (strategy == Strategy.REST_FOR_ONE && !rest.isEmpty()) {
            section.refuse(
                    "strategy",
                    "needs an order, and children does not name " + String.join(", ", rest),
                    "name all of its children there, in the order in which they are started");
        }
        return expanded(Stream.concat(listed.get(section.name()).stream(), rest.stream()));
    }

    /** Children that only say themselves that they are. */
    private Set<String> rest(NamedSection section) {
        Set<String> rest = new TreeSet<>();
        parents.forEach((child, group) -> {
            if (group.equals(section.name()) && !listed.get(group).contains(child)) {
                rest.add(child);
            }
        });
        return rest;
    }

    /** The VMs in the place of what counts them. */
    private List<String> expanded(Stream<String> names) {
        return names.flatMap(name -> entries.containsKey(name) ? entries.get(name).names().stream() : Stream.of(name))
                .toList();
    }

    private static Strategy strategy(NamedSection section) {
        Optional<String> word = section.text("strategy");
        for (Strategy strategy : Strategy.values()) {
            if (word.equals(Optional.of(strategy.word()))) {
                return strategy;
            }
        }
        if (word.isPresent()) {
            section.refuse("strategy", "is refused", "allowed is one-for-one, one-for-all, rest-for-one");
        }
        return DEFAULT;
    }
}
