package vmette.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vmette cache}: what its commands have in common. */
@Command(
        name = "cache",
        description = {
            "Lists what is kept between runs, and removes what is not needed.",
            "Images, what they are made of, and what guests boot from: all of it is made or fetched anew where it is missing.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {CacheListCommand.class, CachePruneCommand.class},
        customSynopsis = "vmette cache ls|prune [OPTIONS]",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:run-time error", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} cache ls",
            "  ${sys:vmette.command:-vmette} cache prune --dry-run",
        })
final class CacheCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    // Like every command it takes them; its commands have their own.
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "cache needs to be told what to do: ls or prune");
    }
}
