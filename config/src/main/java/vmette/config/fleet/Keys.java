package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a file may say where. */
final class Keys {
    /** All of reference.conf. */
    static final Config REFERENCE = ConfigFactory.parseResources(Keys.class.getClassLoader(), "reference.conf")
            .resolve()
            .getConfig("vmette");

    static final ConfigObject ROOT = REFERENCE.root();

    static final ConfigObject TEMPLATE = REFERENCE
            .getConfig("vm")
            .withoutPath("exec")
            .withValue("recovery", REFERENCE.getValue("recovery"))
            .withFallback(ConfigFactory.parseString(
                    "extends = x, run { command = x, image-command = false, user = x," + " directory = x, env {} }"))
            .root();

    static final ConfigObject ENTRY = TEMPLATE.toConfig()
            .withoutPath("extends")
            .withFallback(ConfigFactory.parseString("template = x, count = 1, group = x"))
            .root();

    static final ConfigObject GROUP = ConfigFactory.parseString(
                    "strategy = x, max-restarts = 1, within = 1s, parent = x, children = []")
            .root();

    /** What is at home elsewhere, and where. */
    private static final Map<String, String> INSTEAD = Map.of(
            "exec", "run says what a VM of a fleet runs",
            "extends", "extends is for templates; say template = NAME",
            "template", "template is for the VMs of the fleet; say extends = NAME",
            "count", "count is for the VMs of the fleet",
            "mode", "say recovery.mode",
            "restart", "say recovery.mode",
            "name", "the name is what stands before the brace");

    private Keys() {}

    /** Refuses keys that are not known, however deep, and leaves them out; a section that is known and empty is free. */
    static Config known(Config given, ConfigObject known, String path, Problems problems) {
        Config left = given;
        for (List<String> stranger : strangers(given.root(), known, List.of(), path, problems)) {
            left = left.withoutPath(ConfigUtil.joinPath(stranger));
        }
        return left;
    }

    private static List<List<String>> strangers(
            ConfigObject given, ConfigObject known, List<String> above, String path, Problems problems) {
        List<List<String>> strangers = new ArrayList<>();
        if (known.isEmpty()) {
            return strangers;
        }
        given.forEach((key, value) -> {
            List<String> below = new ArrayList<>(above);
            below.add(key);
            ConfigValue expected = known.get(key);
            if (expected == null) {
                strangers.add(below);
                String instead = INSTEAD.getOrDefault(key, Problems.nearest(key, known.keySet()));
                problems.add(value.origin(), path + "." + ConfigUtil.joinPath(below), "is not a setting", instead);
            } else if (value instanceof ConfigObject inner && expected instanceof ConfigObject object) {
                strangers.addAll(strangers(inner, object, below, path, problems));
            }
        });
        return strangers;
    }
}
