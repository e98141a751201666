package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigOrigin;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import vmette.config.Origins;

/** Where the values in force came from: a file, an environment variable, the default. */
final class SettingSources {
    /** As the library calls the origin of what a variable of the environment has been put in for. */
    private static final String ENVIRONMENT = "env var ";

    private static final String VM = "vmette.vm.";
    private static final String SECRET = "(not shown)";

    /** The setting that an option of {@code vmette run} goes over, where it is one and has another name. */
    private static final Map<String, String> OTHERWISE = Map.of(
            "--mem-mib", VM + "memory",
            "--rootfs-ro", VM + "rootfs-read-only",
            "--share", VM + "shares",
            "--share-ro", VM + "shares-read-only",
            "--disk", VM + "disks",
            "--warm-up", VM + "snapshot.warm-up",
            "--saveable", VM + "snapshot.saveable");

    private static final List<String> SHARES = List.of("--share", "--share-ro");

    private static final List<String> LISTS = List.of("--share", "--share-ro", "--disk", "--publish");

    /** Those of their own name. */
    private static final List<String> SAME = List.of(
            "--exec",
            "--timeout",
            "--vcpus",
            "--kernel",
            "--initramfs",
            "--modules",
            "--cmdline",
            "--rootfs",
            "--rootfs-image",
            "--switch-root",
            "--scratch",
            "--publish",
            "--net",
            "--net-host-loopback",
            "--ca-certs",
            "--build-snapshot",
            "--resume-snapshot",
            "--guest-vsock-port");

    /**
     * A value.
     *
     * @param value a text, number, truth or list
     * @param from a file and its line, an environment variable, {@code default}
     */
    record Sourced(Object value, String from) {}

    private SettingSources() {}

    /** All settings of a run, by path. */
    static Map<String, Sourced> settings(SettingList list, Variables variables) {
        Map<String, Sourced> all = new TreeMap<>();
        list.values()
                .forEach((path, value) ->
                        all.put(path, new Sourced(value, from(list.origins().get(path)))));
        options().forEach((option, path) -> {
            List<String> lines = variables.lines(option);
            if (!lines.isEmpty()) {
                all.put(path, new Sourced(value(option, lines), Variables.name(option)));
            }
        });
        // It can only turn it on.
        if (variables.lines("--offline").stream().anyMatch("true"::equalsIgnoreCase)) {
            all.put("vmette.rootfs.offline", new Sourced(true, Variables.name("--offline")));
        }
        // Shares of both kinds go over shares of both kinds.
        for (String option : SHARES) {
            String other = option.equals(SHARES.get(0)) ? SHARES.get(1) : SHARES.get(0);
            if (!variables.lines(option).isEmpty() && variables.lines(other).isEmpty()) {
                all.put(options().get(other), new Sourced(List.of(), Variables.name(option)));
            }
        }
        for (String line : variables.lines("--env")) {
            all.put(VM + "env." + line.split("=", 2)[0], new Sourced(SECRET, Variables.name("--env")));
        }
        return all;
    }

    /** The options of a run that go over a setting, each with its path. */
    static Map<String, String> options() {
        Map<String, String> options = new TreeMap<>(OTHERWISE);
        SAME.forEach(option -> options.put(option, VM + option.substring(2)));
        return options;
    }

    private static Object value(String option, List<String> lines) {
        if (LISTS.contains(option)) {
            return lines;
        }
        String text = String.join("\n", lines);
        return switch (option) {
            case "--mem-mib" -> text + "MiB";
            case "--timeout" -> text + "s";
            default -> text;
        };
    }

    /** What a name of a fleet comes to, but for what is as by default. */
    static Map<String, Sourced> entry(Config whole) {
        Map<String, Sourced> all = new TreeMap<>();
        Config reference = SettingList.reference();
        whole.entrySet().forEach(entry -> {
            String key = entry.getKey();
            ConfigOrigin origin = entry.getValue().origin();
            String path = key.startsWith("recovery.") ? "vmette." + key : VM + key;
            if (!SettingList.isDefault(reference, path, origin)) {
                boolean secret = key.startsWith("env.") || key.startsWith("run.env.");
                all.put(key, new Sourced(secret ? SECRET : entry.getValue().unwrapped(), from(Origins.where(origin))));
            }
        });
        return all;
    }

    /** What a group comes to. */
    static Map<String, Sourced> group(Config whole) {
        Map<String, Sourced> all = new TreeMap<>();
        Config reference = SettingList.reference();
        whole.entrySet().forEach(entry -> {
            ConfigOrigin origin = entry.getValue().origin();
            boolean byDefault = SettingList.isDefault(reference, "vmette.recovery." + entry.getKey(), origin);
            all.put(
                    entry.getKey(),
                    new Sourced(
                            entry.getValue().unwrapped(),
                            byDefault ? SettingList.DEFAULT : from(Origins.where(origin))));
        });
        return all;
    }

    private static String from(String origin) {
        return origin.startsWith(ENVIRONMENT) ? origin.substring(ENVIRONMENT.length()) : origin;
    }
}
