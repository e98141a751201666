package vmette.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code vmette [run] ...}: running is what it does when no other command is named. */
@Command(
        name = "vmette",
        description = "Runs commands in Linux microVMs of their own.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {RunCommand.class, QuickstartCommand.class},
        synopsisSubcommandLabel = "[COMMAND]",
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vmette quickstart                         boot a VM and see that all is well",
            "  vmette run --exec 'uname -a'              run a command; its output and exit code are the VM's",
            "  echo hi | vmette run --exec 'tr a-z A-Z'  standard input is the command's",
            "  vmette run --timeout 5 --exec 'sleep 60'  stop it after 5 seconds: exit code 124",
            "",
            "Exit codes: the guest's own (128+n for signal n), 1 run-time error, 2 usage error, 124 timeout.",
        })
final class VmetteCommand implements Callable<Integer> {
    @Mixin
    private RunOptions options;

    @Override
    public Integer call() {
        return options.run();
    }
}
