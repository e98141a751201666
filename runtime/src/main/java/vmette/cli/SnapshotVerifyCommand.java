package vmette.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.linux.OwnedFd;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundlePlace;

/** {@code vmette snapshot verify}. */
@Command(
        name = "verify",
        description = {
            "Reads all of a snapshot and compares it with its checksums.",
            "A VM is never restored from what differs from them; this finds out before one is needed.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:it is as it was written",
            "1:run-time error: it is damaged, or there is none",
            "2:usage error"
        },
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} snapshot verify golden",
            "  ${sys:vmette.command:-vmette} snapshot verify ./snap && ${sys:vmette.command:-vmette} run --resume-snapshot ./snap --exec date",
        })
final class SnapshotVerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "NAME", description = "A snapshot of vmette.snapshot.dir, or its path, as ./snap.")
    private String given;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        BundlePlace place = BundlePlace.of(given, common.settings().snapshot().dir());
        Bundle bundle = place.open();
        OwnedFd held = place.hold();
        try {
            verify(bundle);
        } finally {
            held.close();
        }
        spec.commandLine()
                .getOut()
                .println(
                        common.isJson()
                                ? Json.line(Json.object(
                                        "name", place.name(),
                                        "path", bundle.directory(),
                                        "bytesOnDisk", bundle.allocated(),
                                        "verified", true))
                                : place.name() + " is as it was written: " + Meter.size(bundle.allocated())
                                        + " agree with their checksums");
        spec.commandLine().getOut().flush();
        return 0;
    }

    private void verify(Bundle bundle) {
        String name = bundle.directory().getFileName().toString();
        boolean hidden = common.isQuiet() || common.isJson() || common.isVerbose();
        try (ProgressBar bar = ProgressBar.onTerminal(name, hidden, common.progress())) {
            bar.total(bundle.allocated());
            bundle.verify(bar::bytes);
        }
    }
}
