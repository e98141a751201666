package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** docs/config.md, from reference.conf and its comments. */
final class ConfigPage {
    private static final Path REFERENCE = Path.of("..", "config", "src", "main", "resources", "reference.conf");

    private static final String BEGIN = """
            # Settings

            {generated}

            In HOCON, in a file given with `--config` or named by `VMETTE_CONFIG`, or in the `application.conf` of a program that uses the library. For example:

                vmette {
                  cache-dir = /var/cache/vmette
                  vm { memory = 1GiB, vcpus = 2, env { LANG = C.UTF-8 } }
                }

            What is not set is as it stands here. A key that does not exist is refused with the nearest one that does, a value with where it was set and what is allowed. [cli.md](cli.md)
            tells what goes over what. Durations: `200ms`, `5s`, `2m`. Sizes: `256KiB`, `64MiB`.
            """;

    private ConfigPage() {}

    static String render(String generated) {
        StringBuilder page = new StringBuilder(BEGIN.replace("{generated}", generated));
        section(page, "vmette", reference().getConfig("vmette").root());
        return page.toString();
    }

    static Config reference() {
        return ConfigFactory.parseFile(REFERENCE.toFile());
    }

    private static void section(StringBuilder page, String path, ConfigObject section) {
        List<Map.Entry<String, ConfigValue>> members = new ArrayList<>(section.entrySet());
        members.sort(
                Comparator.comparingInt(member -> member.getValue().origin().lineNumber()));
        page.append("\n## `").append(path).append("`\n\n");
        String comment = comment(section);
        if (!path.equals("vmette") && !comment.isEmpty()) {
            page.append(comment).append("\n\n");
        }
        for (Map.Entry<String, ConfigValue> member : members) {
            if (!isSection(member.getValue())) {
                setting(page, path + "." + member.getKey(), member.getValue());
            }
        }
        for (Map.Entry<String, ConfigValue> member : members) {
            if (isSection(member.getValue())) {
                section(page, path + "." + member.getKey(), (ConfigObject) member.getValue());
            }
        }
    }

    private static void setting(StringBuilder page, String path, ConfigValue value) {
        page.append("- `")
                .append(path)
                .append(" = ")
                .append(value.render(ConfigRenderOptions.concise()))
                .append("`");
        String comment = comment(value);
        // Of two that share a comment the second has none.
        page.append(comment.isEmpty() ? "" : "  \n  " + comment).append("\n");
    }

    private static boolean isSection(ConfigValue value) {
        return value instanceof ConfigObject object && !object.isEmpty();
    }

    private static String comment(ConfigValue value) {
        return value.origin().comments().stream().map(String::strip).collect(Collectors.joining(" "));
    }
}
