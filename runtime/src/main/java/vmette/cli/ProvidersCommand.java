package vmette.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import vmette.RootfsProviders;
import vmette.qemu.QemuInstallation;

/** {@code vmette providers}. */
@Command(
        name = "providers",
        description = {
            "Lists what makes root file systems and what runs guests.",
            "The makers of root file systems stand in the order in which they are asked for a --rootfs SPEC.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:listed", "1:run-time error", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} providers",
            "  ${sys:vmette.command:-vmette} providers --json",
        })
final class ProvidersCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        QemuInstallation qemu = QemuInstallation.look(common.settings().qemu());
        ProviderList list = new ProviderList(RootfsProviders.all(common.settings()), qemu, QemuInstallation.hasKvm());
        PrintWriter out = spec.commandLine().getOut();
        out.println(common.isJson() ? Json.pretty(list.json()) : list.text());
        out.flush();
        return 0;
    }
}
