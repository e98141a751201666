package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vmette.config.Origins;

/**
 * The settings in force, by path. An environment variable of the guests is shown without its value.
 *
 * @param values every setting's
 * @param origins where it was set, or {@link #DEFAULT}
 * @param changed the paths of those that are not as by default
 */
record SettingList(Map<String, Object> values, Map<String, String> origins, List<String> changed) {
    private static final String ROOT = "vmette";

    /** The origin of what nobody has set. */
    static final String DEFAULT = Origins.DEFAULT;

    private static final String SECRET = ROOT + ".vm.env.";

    /** All of reference.conf; not defaultReference(), over which system properties go. */
    static Config reference() {
        return ConfigFactory.parseResources(SettingList.class.getClassLoader(), "reference.conf")
                .resolve();
    }

    /** Whether a value stands where the default does. */
    static boolean isDefault(Config reference, String path, ConfigOrigin origin) {
        return reference.hasPath(path) && reference.getValue(path).origin().equals(origin);
    }

    static SettingList of(Config config) {
        Config reference = reference();
        Map<String, Object> values = new TreeMap<>();
        Map<String, String> origins = new LinkedHashMap<>();
        List<String> changed = new ArrayList<>();
        config.getConfig(ROOT).entrySet().forEach(entry -> {
            String path = ROOT + "." + entry.getKey();
            boolean secret = path.startsWith(SECRET);
            if (!secret && !reference.hasPath(path)) {
                return; // the launcher's own word
            }
            values.put(path, secret ? "(not shown)" : entry.getValue().unwrapped());
            ConfigOrigin origin = entry.getValue().origin();
            origins.put(path, isDefault(reference, path, origin) ? DEFAULT : Origins.where(origin));
            if (secret || !reference.getValue(path).equals(entry.getValue())) {
                changed.add(path);
            }
        });
        changed.sort(null);
        return new SettingList(values, origins, changed);
    }
}
