package vmette.cli;

import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Help whose options stand under headings: one for each class that declares some. */
final class HelpGroups {
    private static final int WIDTH = 100;
    private static final String OWN = "Options";
    /** What all commands have. */
    static final String EVERYWHERE = "Every command";

    /** In this order. */
    private static final Map<Class<?>, String> HEADINGS = new LinkedHashMap<>();

    static {
        HEADINGS.put(RunOptions.class, "What runs");
        HEADINGS.put(MachineOptions.class, "Machine");
        HEADINGS.put(StorageOptions.class, "File systems");
        HEADINGS.put(GuestOptions.class, "Environment and network");
        HEADINGS.put(SnapshotOptions.class, "Snapshots");
    }

    private HelpGroups() {}

    static void install(CommandLine commandLine) {
        commandLine.setUsageHelpWidth(WIDTH);
        commandLine.getCommandSpec().usageMessage().abbreviateSynopsis(true);
        commandLine
                .getHelpSectionMap()
                .put(CommandLine.Model.UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpGroups::render);
        commandLine.getSubcommands().values().forEach(HelpGroups::install);
    }

    private static String render(Help help) {
        StringBuilder text = new StringBuilder();
        of(help.commandSpec()).forEach((heading, options) -> {
            text.append(String.format("%n%s:%n", heading));
            Help.Layout layout = help.createDefaultLayout(options, List.of(), help.colorScheme());
            layout.addOptions(options, new Labels());
            text.append(layout);
        });
        return text.toString();
    }

    /** The visible options by heading, in the order of help. */
    static Map<String, List<OptionSpec>> of(CommandSpec command) {
        Map<String, List<OptionSpec>> groups = new LinkedHashMap<>();
        HEADINGS.values().forEach(heading -> groups.put(heading, new ArrayList<>()));
        groups.put(OWN, new ArrayList<>());
        groups.put(EVERYWHERE, new ArrayList<>());
        for (OptionSpec option : command.options()) {
            if (!option.hidden()) {
                groups.get(heading(option)).add(option);
            }
        }
        groups.values().removeIf(List::isEmpty);
        return groups;
    }

    /** A value stands after a blank, as in the examples. */
    private static final class Labels implements Help.IParamLabelRenderer {
        @Override
        public Help.Ansi.Text renderParameterLabel(ArgSpec argument, Help.Ansi ansi, List<Help.Ansi.IStyle> styles) {
            return ansi.text(argument.arity().max() == 0 ? "" : separator() + argument.paramLabel());
        }

        @Override
        public String separator() {
            return " ";
        }
    }

    private static String heading(OptionSpec option) {
        boolean standard = option.usageHelp() || option.versionHelp();
        Class<?> declaring = option.userObject() instanceof Field field ? field.getDeclaringClass() : null;
        if (standard || declaring == CommonOptions.class) {
            return EVERYWHERE;
        }
        return HEADINGS.getOrDefault(declaring, OWN);
    }
}
