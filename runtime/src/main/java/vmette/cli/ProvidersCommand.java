package vmette.cli;

import picocli.CommandLine.Command;
import vmette.RootfsProviders;
import vmette.qemu.QemuInstallation;

/** {@code vmette providers}. */
@Command(
        name = "providers",
        description = {
            "Lists what makes root file systems and what runs guests.",
            "The makers of root file systems stand in the order in which they are asked for a --rootfs SPEC.",
        },
        exitCodeList = {"0:listed", "1:run-time error", "2:usage error"},
        footer = {
            "  ${sys:vmette.command:-vmette} providers",
            "  ${sys:vmette.command:-vmette} providers --json",
        })
final class ProvidersCommand extends ShowCommand {
    @Override
    String shown() {
        QemuInstallation qemu = QemuInstallation.look(common().settings().qemu());
        ProviderList list = new ProviderList(RootfsProviders.all(common().settings()), qemu, QemuInstallation.hasKvm());
        return common().isJson() ? Json.pretty(list.json()) : list.text();
    }
}
