package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The settings in force, by path. An environment variable of the guests is shown without its value.
 *
 * @param values every setting's
 * @param origins where it was set
 * @param changed the paths of those that are not as by default
 */
record SettingList(Map<String, Object> values, Map<String, String> origins, List<String> changed) {
    private static final String ROOT = "vmette";
    private static final String SECRET = ROOT + ".vm.env.";

    static SettingList of(Config config) {
        // Not defaultReference(), over which system properties go.
        Config reference = ConfigFactory.parseResources(SettingList.class.getClassLoader(), "reference.conf")
                .resolve();
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
            origins.put(path, where(entry.getValue().origin()));
            if (secret || !reference.getValue(path).equals(entry.getValue())) {
                changed.add(path);
            }
        });
        changed.sort(null);
        return new SettingList(values, origins, changed);
    }

    private static String where(ConfigOrigin origin) {
        String place = origin.filename() != null ? origin.filename() : origin.description();
        return origin.filename() != null && origin.lineNumber() > 0 ? place + ":" + origin.lineNumber() : place;
    }
}
