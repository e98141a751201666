package vmette.cli;

import com.typesafe.config.Config;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import vmette.config.RuntimeSettings;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuInstallation;

/** {@code vmette info}. */
@Command(
        name = "info",
        description = {
            "Shows the version and the settings in force.",
            "What would run guests and where vmette keeps its files, too.",
            "Values of vmette.vm.env are left out: they may be secrets.",
        },
        exitCodeList = {"0:shown", "1:run-time error", "2:usage error, or a broken configuration"},
        footer = {
            "  ${sys:vmette.command:-vmette} info",
            "  ${sys:vmette.command:-vmette} info --config my.conf --json",
        })
final class InfoCommand extends ShowCommand {
    @Override
    String shown() throws IOException {
        Config config = common().merged();
        RuntimeSettings settings = RuntimeSettings.from(config);
        QemuInstallation qemu = QemuInstallation.look(settings.qemu());
        ProviderList machines = new ProviderList(List.of(), qemu, QemuInstallation.hasKvm());
        SettingList all = SettingList.of(config);
        return common().isJson() ? Json.pretty(json(settings, machines, all)) : text(settings, machines, all);
    }

    private Map<String, Object> json(RuntimeSettings settings, ProviderList machines, SettingList all)
            throws IOException {
        return Json.object(
                "version", Version.number(),
                "java", Json.object("version", Runtime.version().toString(), "home", System.getProperty("java.home")),
                "vmm", machines.vmm(),
                "cacheDir", settings.cacheDir(),
                "runtimeDir", runtimeDir(settings),
                "config", common().config(),
                "variables", variables(),
                "settings", all.values(),
                "changed", all.changed());
    }

    private String text(RuntimeSettings settings, ProviderList machines, SettingList all) throws IOException {
        StringBuilder text = new StringBuilder();
        row(text, "version", Version.number());
        row(text, "java", Runtime.version() + " in " + System.getProperty("java.home"));
        row(text, "qemu", machines.qemuLine());
        row(
                text,
                "guests by",
                machines.qemu().accelerator().map(Accelerator::word).orElse("nothing"));
        row(text, "cache", settings.cacheDir().toString());
        row(text, "sockets", runtimeDir(settings));
        row(text, "settings", common().config().map(file -> "from " + file).orElse("as they are by default"));
        for (String key : all.changed()) {
            text.append(String.format(
                    "  %s = %s (%s)%n",
                    key, all.values().get(key), all.origins().get(key)));
        }
        List<String> variables = variables();
        row(text, "variables", variables.isEmpty() ? "none" : String.join(" ", variables));
        return text.toString().stripTrailing();
    }

    /** Those that a run would heed. */
    private List<String> variables() {
        return Variables.of(spec()).speaking(spec().root());
    }

    /** Where the runtime will look first. */
    private static String runtimeDir(RuntimeSettings settings) {
        String session = System.getenv().getOrDefault("XDG_RUNTIME_DIR", "");
        return settings.runtimeDir().map(Object::toString).orElse(session.startsWith("/") ? session : "/tmp");
    }

    private static void row(StringBuilder text, String name, String value) {
        text.append(String.format("%-11s%s%n", name, value));
    }
}
