package vmette.cli;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import vmette.config.RuntimeSettings;
import vmette.config.fleet.DeploymentFile;

/** {@code vmette config show}. */
@Command(
        name = "show",
        description = {
            "Shows every setting that is in force for a run, and where its value came from.",
            "That is a file and its line, an environment variable, or the default; of a fleet each",
            "name with what it inherits, how many it is and its group, and each group, for which no variable speaks. Values of environments are left out.",
        },
        exitCodeList = {"0:shown", "1:run-time error", "2:usage error, or a broken configuration"},
        parameterListHeading = "%nParameters:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} config show",
            "  ${sys:vmette.command:-vmette} config show fleet.conf",
            "  VMETTE_MEM_MIB=1024 ${sys:vmette.command:-vmette} config show my.conf --json",
        })
final class ConfigShowCommand extends ShowCommand {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "FILE",
            description = "What to read, in HOCON. Default: that of --config.")
    private Path file;

    @Override
    String shown() {
        Optional<Path> given = Optional.ofNullable(file).or(common()::config);
        // Strictly, and with all its mistakes.
        Optional<DeploymentFile> read = given.map(DeploymentFile::read);
        Config config = CommonOptions.merged(given);
        RuntimeSettings.from(config);
        Map<String, SettingSources.Sourced> settings =
                SettingSources.settings(SettingList.of(config), Variables.of(spec()));
        Map<String, Map<String, SettingSources.Sourced>> entries = new TreeMap<>();
        Map<String, Map<String, SettingSources.Sourced>> groups = new TreeMap<>();
        read.ifPresent(known -> {
            known.entries().forEach((name, whole) -> entries.put(name, SettingSources.entry(whole)));
            known.groups().forEach((name, whole) -> groups.put(name, SettingSources.group(whole)));
        });
        return common().isJson() ? json(given, settings, entries, groups) : text(settings, entries, groups);
    }

    private static String json(
            Optional<Path> file,
            Map<String, SettingSources.Sourced> settings,
            Map<String, Map<String, SettingSources.Sourced>> fleet,
            Map<String, Map<String, SettingSources.Sourced>> groups) {
        return Json.pretty(Json.object(
                "config", file, "settings", json(settings), "fleet", named(fleet), "groups", named(groups)));
    }

    private static Map<String, Object> named(Map<String, Map<String, SettingSources.Sourced>> sections) {
        Map<String, Object> json = new LinkedHashMap<>();
        sections.forEach((name, values) -> json.put(name, json(values)));
        return json;
    }

    private static Map<String, Object> json(Map<String, SettingSources.Sourced> values) {
        Map<String, Object> json = new LinkedHashMap<>();
        values.forEach((key, value) -> json.put(key, Json.object("value", value.value(), "from", value.from())));
        return json;
    }

    private static String text(
            Map<String, SettingSources.Sourced> settings,
            Map<String, Map<String, SettingSources.Sourced>> fleet,
            Map<String, Map<String, SettingSources.Sourced>> groups) {
        StringBuilder text = new StringBuilder();
        settings.forEach((key, value) -> line(text, key, value));
        lines(text, "vmette.fleet.", fleet);
        lines(text, "vmette.groups.", groups);
        return text.toString().stripTrailing();
    }

    private static void lines(
            StringBuilder text, String path, Map<String, Map<String, SettingSources.Sourced>> sections) {
        sections.forEach((name, values) -> values.forEach((key, value) -> line(text, path + name + "." + key, value)));
    }

    private static void line(StringBuilder text, String key, SettingSources.Sourced value) {
        text.append(String.format("%s = %s (%s)%n", key, value.value(), value.from()));
    }
}
