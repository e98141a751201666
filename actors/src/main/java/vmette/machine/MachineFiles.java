package vmette.machine;

import java.io.IOException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.guest.GuestKernel;
import vmette.qemu.QemuHypervisor;
import vmette.snapshot.LastingFile;

/**
 * What a machine is made from, as it was then. Most machines are never saved, so that nothing of it is read before one is; if it has been changed by then,
 * what was booted cannot be told any more, and the save is refused.
 */
record MachineFiles(LastingFile kernel, LastingFile initramfs, LastingFile monitor) {
    /** To be called before the monitor is spawned. */
    static MachineFiles of(GuestKernel kernel, QemuHypervisor hypervisor) {
        try {
            return new MachineFiles(
                    LastingFile.of(kernel.kernel()),
                    LastingFile.of(kernel.initramfs()),
                    LastingFile.of(hypervisor.program()));
        } catch (IOException e) {
            throw new VmetteIoException("cannot look at what a VM is made from: " + Reasons.of(e), e);
        }
    }

    /** Of the monitor that runs the machine. Blocks. */
    String version(QemuHypervisor hypervisor) throws IOException {
        String version = hypervisor.version();
        monitor.requireUnchanged();
        return version;
    }
}
