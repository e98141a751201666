package vmette.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Mixin;

/** {@code vmette [run] ...}: running is what it does when no other command is named. */
@Command(
        name = "vmette",
        description = "Runs commands in Linux microVMs of their own.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            RunCommand.class,
            QuickstartCommand.class,
            CpCommand.class,
            ExecCommand.class,
            PsCommand.class,
            LogsCommand.class,
            EventsCommand.class,
            StopCommand.class,
            RestartCommand.class,
            UpCommand.class,
            DownCommand.class,
            ProvidersCommand.class,
            InfoCommand.class,
            ConfigCommand.class,
            CacheCommand.class,
            SnapshotCommand.class,
            InstallCommand.class,
            CompletionCommand.class,
            HelpCommand.class
        },
        customSynopsis = {"vmette [run] [OPTIONS] [--exec CMD]", "       vmette COMMAND [OPTIONS]"},
        commandListHeading = "%nCommands (the word run may be left out):%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "N:the command's own; 128+n if signal n ended it",
            "1:run-time error",
            "2:usage error: nothing was started",
            "124:--timeout passed"
        },
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} quickstart",
            "  ${sys:vmette.command:-vmette} run --exec 'uname -a'",
            "  ${sys:vmette.command:-vmette} run",
            "  echo hi | ${sys:vmette.command:-vmette} run --exec 'tr a-z A-Z'",
            "  ${sys:vmette.command:-vmette} cp --help",
            "  ${sys:vmette.command:-vmette} up --help",
            "",
            RunCommand.ENVIRONMENT,
        })
final class VmetteCommand implements Callable<Integer> {
    @Mixin
    private RunOptions options;

    @Override
    public Integer call() {
        return options.run(List.of());
    }
}
