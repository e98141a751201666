package vmette.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code vmette snapshot}: what its commands have in common. */
@Command(
        name = "snapshot",
        description = {
            "Lists VMs that were saved, shows and verifies them, and removes them.",
            "A snapshot is a directory that holds all of a VM at one instant: its memory, its disks and the state of its devices.",
            "It is called by its name, if it is in vmette.snapshot.dir, or by its path, which has a slash in it: ./snap.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        subcommands = {
            SnapshotListCommand.class,
            SnapshotInspectCommand.class,
            SnapshotVerifyCommand.class,
            SnapshotRemoveCommand.class
        },
        customSynopsis = "vmette snapshot ls|inspect|verify|rm [OPTIONS] [NAME|PATH]",
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:done", "1:run-time error", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} snapshot ls",
            "  ${sys:vmette.command:-vmette} snapshot inspect ./snap",
            "",
            "run --build-snapshot PATH makes one, run --resume-snapshot PATH goes on from it.",
        })
final class SnapshotCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    // Like every command it takes them; its commands have their own.
    @SuppressWarnings("UnusedVariable")
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(), "snapshot needs to be told what to do: ls, inspect, verify or rm");
    }
}
