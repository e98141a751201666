package vmette.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vmette config}: what its commands have in common. */
@Command(
        name = "config",
        description = {
            "Checks configuration files, and shows what is in force and why.",
            "Neither starts anything.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {ConfigCheckCommand.class, ConfigShowCommand.class},
        customSynopsis = "vmette config check|show [OPTIONS] [FILE]",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:run-time error", "2:usage error, or a broken configuration"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} config check fleet.conf",
            "  ${sys:vmette.command:-vmette} config show",
        })
final class ConfigCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    // Like every command it takes them; its commands have their own.
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "config needs to be told what to do: check or show");
    }
}
