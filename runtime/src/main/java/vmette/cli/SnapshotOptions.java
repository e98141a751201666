package vmette.cli;

import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import vmette.config.SnapshotSpec;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;

/** What a run has to do with snapshots. */
final class SnapshotOptions {
    private static final String BUILD = "--build-snapshot";
    private static final String RESUME = "--resume-snapshot";

    @Option(
            names = BUILD,
            paramLabel = "PATH",
            description =
                    "Boot, wait until the VM is ready, save it into the directory PATH, and exit. No command is run but that of"
                            + " --warm-up.")
    private Path build;

    @Option(
            names = RESUME,
            paramLabel = "PATH",
            description =
                    "Restore the VM from PATH instead of booting it, and run the command of --exec in it. It has to be"
                            + " what was saved: same kernel, memory, processors.")
    private Path resume;

    @Option(
            names = "--guest-vsock-port",
            paramLabel = "N",
            description =
                    "Port on which the guest of a snapshot serves commands; it is restored with the one it was built"
                            + " with. Default: 1025.")
    private Integer guestVsockPort;

    @Option(
            names = "--warm-up",
            paramLabel = "CMD",
            description =
                    "Command line for /bin/sh -c that is run before the VM is saved; if it fails nothing is saved.")
    private String warmUp;

    @Option(
            names = "--saveable",
            negatable = true,
            fallbackValue = "true",
            description = "The VM must be able to be saved: refuse it if there is no room for its memory. Default: it"
                    + " can be if there is.")
    private Boolean saveable;

    /** Refuses what cannot be meant, in the words of the command line. */
    void check(CommandSpec command, VmSpec defaults, boolean exec) {
        SnapshotSpec snapshots = defaults.snapshots();
        boolean builds = build != null || snapshots.build().isPresent();
        boolean resumes = resume != null || snapshots.resume().isPresent();
        if (builds && resumes) {
            throw refusal(command, BUILD + " and " + RESUME + " exclude each other: leave one of them out");
        }
        if (resumes && !exec) {
            throw refusal(command, RESUME + " needs --exec: say what is to be run in the restored VM");
        }
        if (warmUp != null && !builds && !snapshots.golden()) {
            throw refusal(command, "--warm-up needs " + BUILD + ": it is run before a VM is saved there");
        }
    }

    private static ParameterException refusal(CommandSpec command, String message) {
        return new ParameterException(command.commandLine(), message);
    }

    void applyTo(VmSpecBuilder spec) {
        if (warmUp != null) {
            spec.warmUp(warmUp);
        }
        if (build != null) {
            spec.buildSnapshot(build);
        }
        if (resume != null) {
            spec.resumeSnapshot(resume);
        }
        if (guestVsockPort != null) {
            spec.guestVsockPort(guestVsockPort);
        }
        if (saveable != null) {
            spec.saveable(saveable);
        }
    }
}
