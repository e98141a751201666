package vmette.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** docs/cli.md, from the commands themselves. */
final class CliPage {
    private static final String BEGIN = """
            # The command line

            {generated}

            `vmette [run] [OPTIONS] [--exec CMD]` runs something in a VM; the other commands help with that. `vmette COMMAND --help` says in a terminal what stands here.

            ## What is in force

            A flag goes over an environment variable, which goes over the file of `--config` (or `application.conf`), which goes over the default. [config.md](config.md)
            lists what a file may say.

            - The variable of `--mem-mib` is `VMETTE_MEM_MIB`: every option that has one is in the tables below. It takes what the option takes; a switch takes `true` or
              `false`. A repeatable option's variable has a value on each line. An empty variable counts as not set.
            - A switch with `[no-]` is turned off by `--no-...`.
            - Shares, disks and published ports that are given take the place of those that are configured. The environment of the guest goes name by name.
            - `--vsock-port` has no variable: `VMETTE_VSOCK_PORT` is what a guest's programs are told.
            - `VMETTE_LOG` is the log's level where no flag says it: `warn` (the default), `off`, `error`, `info`, `debug` or `trace`. `VMETTE_JAVA_OPTS`, `VMETTE_BUILD` and `VMETTE_CDS` are for the
              launcher, which explains them in its first lines.
            - A variable that is very like one of these, but none, is refused: it must be a slip. All others that begin with `VMETTE_` are left alone.

            ## What programs are told

            Standard output and standard error of a run are those of the guest's command, to the byte. What vmette itself says goes to standard error: notices (not with `--quiet`),
            more of them with `-v`, and failures. With `--json` each of these is one JSON object on a line of its own, and so is the last line, which says how it ended. The
            guest's command writes to the same standard error, so only the last line is sure to be vmette's. `--status-fd FD` has the last one for itself, on a descriptor that the guest cannot reach:

                vmette run --status-fd 3 --exec 'exit 4' 3>status

            | event | members |
            |---|---|
            | `notice` | `message` |
            | `exited`: the last of a run | `reason` (`exited`, `signalled`, `timed-out`), `exitCode`, `signal` if one ended it, `oomKilled` |
            | `failed`: the last of anything that failed | `status` (a name of [Status](../config/src/main/java/vmette/errors/Status.java)), `statusCode` (its number), `message`, `exitCode`; status and code are null for a bug |

            New members and events may be added. A run that a signal to vmette ends has no last line. `quickstart`, `providers` and `info` write one indented object to
            standard output. The log (warnings, and more with `-v` and `--debug`) stays text.

            ## Exit codes

            | code | of a run |
            |---|---|
            {codes}

            [failures.md](failures.md) lists what leads to which.

            ## Every command
            """;

    private static final String EVERYWHERE = HelpGroups.EVERYWHERE;

    private CliPage() {}

    static String render(String generated) {
        CommandLine root = Main.commandLine();
        String codes = codes(root.getSubcommands().get("run").getCommandSpec());
        StringBuilder page =
                new StringBuilder(BEGIN.replace("{generated}", generated).replace("{codes}", codes));
        options(page, EVERYWHERE, HelpGroups.of(root.getCommandSpec()).get(EVERYWHERE));
        root.getSubcommands().forEach((name, command) -> {
            if (!name.equals("help")) {
                page.append(command(command));
                command.getSubcommands().values().forEach(sub -> page.append(command(sub)));
            }
        });
        return page.toString();
    }

    private static String codes(CommandSpec command) {
        return command.usageMessage().exitCodeList().entrySet().stream()
                .map(code -> "| " + code.getKey() + " | " + cell(code.getValue()) + " |")
                .collect(Collectors.joining("\n"));
    }

    private static String command(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        Help help = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF));
        StringBuilder text = new StringBuilder("\n## " + spec.qualifiedName() + "\n\n");
        text.append(String.join("\n", spec.usageMessage().description()))
                .append("\n\n    ")
                .append(help.synopsis(0).strip())
                .append("\n");
        parameters(text, spec);
        HelpGroups.of(spec).forEach((heading, options) -> {
            if (!heading.equals(EVERYWHERE)) {
                options(text, heading, options);
            }
        });
        if (!spec.name().equals("run")) {
            String codes = spec.usageMessage().exitCodeList().entrySet().stream()
                    .map(code -> code.getKey() + " " + code.getValue())
                    .collect(Collectors.joining(" · "));
            text.append("\nExit codes: ").append(codes).append("\n");
        }
        footer(text, help);
        return text.toString();
    }

    private static void parameters(StringBuilder text, CommandSpec spec) {
        if (!spec.positionalParameters().isEmpty()) {
            text.append("\n| parameter | |\n|---|---|\n");
            for (PositionalParamSpec parameter : spec.positionalParameters()) {
                text.append("| `" + parameter.paramLabel() + "` | " + description(parameter.description()) + " |\n");
            }
        }
    }

    private static void options(StringBuilder text, String heading, List<OptionSpec> options) {
        text.append("\n| " + heading + " | variable | |\n|---|---|---|\n");
        for (OptionSpec option : options) {
            List<String> names = new ArrayList<>(List.of(option.names()));
            names.removeIf(name -> name.equals(option.longestName()));
            String main = option.negatable() ? "--[no-]" + option.longestName().substring(2) : option.longestName();
            names.add(main + (option.arity().max() == 0 ? "" : " " + option.paramLabel()));
            text.append("| `" + String.join("`, `", names) + "` | "
                    + Variables.of(option).map(name -> "`" + name + "`").orElse("") + " | "
                    + description(option.description()) + " |\n");
        }
    }

    private static void footer(StringBuilder text, Help help) {
        boolean code = false;
        text.append("\nExamples:\n\n");
        for (String line : help.footer().lines().toList()) {
            boolean example = line.startsWith("  ");
            if (!example && code) {
                text.append("\n");
            }
            code = example;
            if (!line.isBlank()) {
                text.append(example ? "    " + line.strip() : line).append("\n");
            }
        }
    }

    private static String description(String... lines) {
        return cell(String.join(" ", lines));
    }

    /** As a table takes it. */
    private static String cell(String text) {
        return text.replace("|", "\\|").replace("<", "&lt;");
    }

    /** Every variable of a run, for a test that each is shown. */
    static List<String> variables() {
        return Main.commandLine().getSubcommands().get("run").getCommandSpec().options().stream()
                .flatMap(option -> Variables.of(option).stream())
                .toList();
    }

    /** Of a map that keeps its order. */
    static List<String> commands() {
        Map<String, CommandLine> all = Main.commandLine().getSubcommands();
        return all.keySet().stream().filter(name -> !name.equals("help")).toList();
    }
}
