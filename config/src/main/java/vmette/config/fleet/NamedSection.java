package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/**
 * One named section of a file, such as {@code vmette.fleet.web}.
 *
 * @param path where it stands
 * @param own what it says itself, of keys that are known
 */
record NamedSection(String name, String path, Config own, Problems problems) {
    /** Those of {@code vmette.KIND}, by name; what is no section, or has a name that no VM could have, is refused. */
    static Map<String, NamedSection> all(Config vmette, String kind, ConfigObject known, Problems problems) {
        Map<String, NamedSection> sections = new TreeMap<>();
        ConfigValue all = vmette.root().get(kind);
        if (all != null && !(all instanceof ConfigObject)) {
            problems.add(
                    all.origin(),
                    "vmette." + kind + " = " + all.unwrapped(),
                    "is refused",
                    "allowed is " + kind + " { NAME { ... } }");
        }
        if (all instanceof ConfigObject object) {
            object.forEach((name, value) -> {
                String path = "vmette." + kind + "." + ConfigUtil.joinPath(name);
                if (value instanceof ConfigObject section) {
                    checkName(value, path, name, problems);
                    sections.put(
                            name,
                            new NamedSection(
                                    name, path, Keys.known(section.toConfig(), known, path, problems), problems));
                } else {
                    problems.add(
                            value.origin(),
                            path + " = " + value.unwrapped(),
                            "is refused",
                            "allowed is a section { ... }");
                }
            });
        }
        return sections;
    }

    private static void checkName(ConfigValue at, String path, String name, Problems problems) {
        try {
            VmSpec.builder().name(name).build();
        } catch (InvalidConfigException e) {
            problems.refused(at.origin(), path, path, e.getMessage());
        }
    }

    /** A text that is a word of this section. */
    Optional<String> text(String key) {
        ConfigValue value = own.root().get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value.valueType() == ConfigValueType.STRING || value.valueType() == ConfigValueType.NUMBER) {
            return Optional.of(String.valueOf(value.unwrapped()));
        }
        refuse(key, "is refused", "allowed is a name");
        return Optional.empty();
    }

    /** A list of names; empty also where there is none. */
    List<String> names(String key) {
        ConfigValue value = own.root().get(key);
        if (value == null) {
            return List.of();
        }
        List<String> names = new ArrayList<>();
        if (value.unwrapped() instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            list.forEach(name -> names.add((String) name));
        } else {
            refuse(key, "is refused", "allowed is a list of names");
        }
        return names;
    }

    /** A name that is a key of this map; else nothing, and refused. */
    Optional<String> oneOf(String key, Map<String, ?> known, String kind) {
        Optional<String> name = text(key);
        name.filter(word -> !known.containsKey(word))
                .ifPresent(word -> refuse(key, "is no " + kind, Problems.nearest(word, known.keySet())));
        return name.filter(known::containsKey);
    }

    boolean has(String key) {
        return own.root().containsKey(key);
    }

    /** Without what is said about it and not of it. */
    Config without(String... keys) {
        Config left = own;
        for (String key : keys) {
            left = left.withoutPath(key);
        }
        return left;
    }

    /** Only these. */
    Config only(String... keys) {
        Config left = ConfigFactory.empty();
        for (String key : keys) {
            if (has(key)) {
                left = left.withValue(key, own.root().get(key));
            }
        }
        return left;
    }

    void refuse(String key, String why, String remedy) {
        ConfigValue value = own.root().get(key);
        problems.add(value.origin(), path + "." + key + " = " + value.unwrapped(), why, remedy);
    }
}
