package vmette.config.fleet;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import vmette.config.Origins;
import vmette.config.RecoverySettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

/** What a template, or a VM of the fleet, comes to with all that it inherits; the first mistake ends the reading. */
record Body(VmSpec spec, RecoverySettings recovery, Optional<Service> run) {
    private static final String RUN =
            "a command line in quotes, a list of a program and its arguments, or { command = ..., user, directory, env }";

    /**
     * Reads it.
     *
     * @param whole with all that it inherits
     * @param path where it stands
     * @throws InvalidConfigException naming the key
     */
    static Body of(Config whole, String path) {
        VmSpec spec = VmSpec.from(whole, path);
        if (!(whole.root().get("recovery") instanceof ConfigObject recovery)) {
            throw refuse(whole, path, List.of("recovery"), "a section { ... }");
        }
        Optional<Service> run = run(whole, path);
        if (run.filter(service -> service.arguments().isEmpty()).isPresent()
                && spec.storage().rootfs().isEmpty()) {
            throw new InvalidConfigException(
                    "image-command needs a rootfs: give an image as rootfs, or say command instead");
        }
        return new Body(spec, RecoverySettings.from(recovery.toConfig(), path + ".recovery"), run);
    }

    private static Optional<Service> run(Config whole, String path) {
        ConfigValue value = whole.root().get("run");
        if (value == null || value.valueType() == ConfigValueType.NULL) {
            return Optional.empty();
        }
        if (!(value instanceof ConfigObject section)) {
            return Optional.of(service(whole, path, List.of("run")));
        }
        boolean ofImage = flag(whole, path);
        if (ofImage == section.containsKey("command")) {
            throw new InvalidConfigException(
                    ofImage
                            ? "command and image-command contradict each other: leave one of them out"
                            : "run says nothing to be run: give command, or image-command = true");
        }
        Service service = ofImage ? Service.ofImage() : service(whole, path, List.of("run", "command"));
        return Optional.of(new Service(
                service.arguments(),
                section.containsKey("env") ? env(whole, path) : Map.of(),
                text(whole, path, "directory"),
                text(whole, path, "user")));
    }

    private static boolean flag(Config whole, String path) {
        try {
            return whole.hasPath("run.image-command") && whole.getBoolean("run.image-command");
        } catch (ConfigException e) {
            throw refuse(whole, path, List.of("run", "image-command"), "true or false");
        }
    }

    private static Service service(Config whole, String path, List<String> key) {
        ConfigValue value = at(whole, key);
        if (value.valueType() == ConfigValueType.STRING && !((String) value.unwrapped()).isBlank()) {
            return Service.shell((String) value.unwrapped());
        }
        if (value.valueType() == ConfigValueType.LIST) {
            try {
                List<String> arguments = whole.getStringList(ConfigUtil.joinPath(key));
                if (!arguments.isEmpty()) {
                    return new Service(arguments, Map.of(), Optional.empty(), Optional.empty());
                }
            } catch (ConfigException e) {
                throw refuse(whole, path, key, RUN);
            }
        }
        throw refuse(whole, path, key, RUN);
    }

    private static Optional<String> text(Config whole, String path, String key) {
        List<String> all = List.of("run", key);
        try {
            return whole.hasPath("run." + key) ? Optional.of(whole.getString("run." + key)) : Optional.empty();
        } catch (ConfigException e) {
            throw refuse(whole, path, all, "a text");
        }
    }

    private static Map<String, String> env(Config whole, String path) {
        if (!(at(whole, List.of("run", "env")) instanceof ConfigObject names)) {
            throw refuse(whole, path, List.of("run", "env"), "names and texts");
        }
        Map<String, String> env = new LinkedHashMap<>();
        names.forEach((name, value) -> {
            switch (value.valueType()) {
                case STRING, NUMBER, BOOLEAN -> env.put(name, String.valueOf(value.unwrapped()));
                default -> throw refuse(whole, path, List.of("run", "env", name), "a text");
            }
        });
        return env;
    }

    private static ConfigValue at(Config whole, List<String> key) {
        ConfigValue value = whole.root();
        for (String part : key) {
            value = ((ConfigObject) value).get(part);
        }
        return value;
    }

    private static InvalidConfigException refuse(Config whole, String path, List<String> key, String allowed) {
        ConfigValue value = at(whole, key);
        return new InvalidConfigException(path + "." + ConfigUtil.joinPath(key) + " = " + value.unwrapped() + " ("
                + Origins.where(value.origin()) + ") is refused: allowed is " + allowed);
    }
}
