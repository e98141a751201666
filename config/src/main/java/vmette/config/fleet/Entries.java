package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigValue;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import vmette.config.Origins;
import vmette.config.PublishedPort;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/** Reads {@code vmette.fleet}, and refuses what VMs cannot have together. */
final class Entries {
    private final Templates templates;
    private final Problems problems;
    private final Map<String, Entry> entries = new TreeMap<>();
    private final Map<String, String> owners = new HashMap<>();
    private long total;

    private Entries(Templates templates, Problems problems) {
        this.templates = templates;
        this.problems = problems;
    }

    /** By name. */
    static Map<String, Entry> read(Map<String, NamedSection> sections, Templates templates, Problems problems) {
        Entries reading = new Entries(templates, problems);
        sections.values().forEach(reading::read);
        return reading.entries;
    }

    private void read(NamedSection section) {
        Optional<Integer> count = count(section);
        Optional<String> group = section.text("group");
        Config own = section.without("template", "count", "group");
        Optional<Config> inherited = templates.named(section, "template");
        if (inherited.isEmpty()) {
            templates.alone(own, section.path());
            return;
        }
        Trial<Body> trial = Templates.over(inherited.get(), own, section.path(), problems);
        if (trial.value().isEmpty()) {
            return;
        }
        Config whole = trial.left().withFallback(inherited.get());
        Entry entry = new Entry(section, count, group, whole, trial.value().get());
        long before = total;
        total += count.orElse(1);
        if (before > Deployment.MOST_VMS) {
            return;
        }
        if (total > Deployment.MOST_VMS) {
            problems.add(
                    origin(section, "count").origin(),
                    section.path() + (count.isPresent() ? ".count" : ""),
                    "brings the fleet to " + total + " VMs",
                    "allowed are " + Deployment.MOST_VMS + " in all; lower a count");
            return;
        }
        entries.put(section.name(), entry);
        checkNames(entry);
        checkSharing(entry);
    }

    private Optional<Integer> count(NamedSection section) {
        if (!section.has("count")) {
            return Optional.empty();
        }
        try {
            int count = section.own().getInt("count");
            if (count >= 0 && count <= Deployment.MOST_VMS) {
                return Optional.of(count);
            }
        } catch (ConfigException e) {
            // told below
        }
        section.refuse("count", "is refused", "allowed is a whole number from 0 to " + Deployment.MOST_VMS);
        return Optional.empty();
    }

    private void checkNames(Entry entry) {
        List<String> names = entry.names();
        for (String name : names) {
            String owner = owners.putIfAbsent(name, entry.section().path());
            if (owner != null) {
                problems.add(
                        origin(entry.section(), "count").origin(),
                        entry.section().path(),
                        "has a VM named " + name + ", as " + owner + " has",
                        "name one of them otherwise");
                return;
            }
        }
        if (entry.count().isPresent() && !names.isEmpty()) {
            String longest = names.get(names.size() - 1);
            try {
                VmSpec.builder().name(longest).build();
            } catch (InvalidConfigException e) {
                problems.add(
                        origin(entry.section(), "count").origin(),
                        entry.section().path(),
                        "has a VM named " + longest,
                        "allowed are at most 63 letters, digits, '-', '_' and '.'; shorten the name");
            }
        }
    }

    /** A host port leads to one VM, and a raw image is one VM's. */
    private void checkSharing(Entry entry) {
        int count = entry.count().orElse(1);
        for (PublishedPort port : entry.body().spec().publish()) {
            if (port.hostPort() != 0 && count > 0) {
                checkSharing(
                        entry,
                        count,
                        "publish",
                        "host port " + port.hostPort(),
                        "write 0:" + port.guestPort() + " for any free port of each, or publish it of one VM");
            }
        }
        for (Path disk : entry.body().spec().storage().disks()) {
            if (count > 0) {
                checkSharing(
                        entry,
                        count,
                        "disks",
                        "disk " + disk.toAbsolutePath().normalize(),
                        "give each VM an image of its own");
            }
        }
    }

    private void checkSharing(Entry entry, int count, String key, String thing, String remedy) {
        NamedSection section = entry.section();
        if (count > 1) {
            String inherited = section.has(key)
                    ? ""
                    : " from " + Origins.where(entry.whole().root().get(key).origin());
            section.refuse("count", "cannot all have the " + thing + inherited, remedy);
            return;
        }
        String owner = owners.putIfAbsent(thing, section.path());
        if (owner != null) {
            problems.add(
                    origin(section, key).origin(),
                    section.path() + "." + key,
                    "has the " + thing + " that " + owner + " has",
                    remedy);
        }
    }

    /** Where the section says this, else the section. */
    private static ConfigValue origin(NamedSection section, String key) {
        return section.has(key) ? section.own().root().get(key) : section.own().root();
    }
}
