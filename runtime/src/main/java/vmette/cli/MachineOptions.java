package vmette.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import vmette.config.VmSpecBuilder;

/** What the machine is and what it boots. */
final class MachineOptions {
    @Option(names = "--vcpus", paramLabel = "N", description = "Virtual processors, 1 to 255. Default: 1.")
    private Integer vcpus;

    @Option(
            names = "--mem-mib",
            paramLabel = "N",
            description = "Memory in MiB, at least 64 (Debian's kernel: 96). Default: 512.")
    private Long memory;

    @Option(
            names = "--kernel",
            paramLabel = "PATH",
            description = "vmlinux or bzImage. Default: Debian's cloud kernel, fetched once.")
    private Path kernel;

    @Option(
            names = "--initramfs",
            paramLabel = "PATH",
            description = "Your own initramfs; the agent is appended to it. Default: busybox.")
    private Path initramfs;

    @Option(
            names = "--modules",
            paramLabel = "DIR",
            description = "Directory of the modules of your own kernel. Default: it has all that is needed built in.")
    private Path modules;

    @Option(
            names = "--cmdline",
            paramLabel = "STR",
            description = "Replaces the tunable part of the kernel command line.")
    private String cmdline;

    void applyTo(VmSpecBuilder spec) {
        if (vcpus != null) {
            spec.vcpus(vcpus);
        }
        if (memory != null) {
            spec.memoryMib(memory);
        }
        if (kernel != null) {
            spec.kernel(kernel);
        }
        if (initramfs != null) {
            spec.initramfs(initramfs);
        }
        if (modules != null) {
            spec.modules(modules);
        }
        if (cmdline != null) {
            spec.cmdline(cmdline);
        }
    }
}
