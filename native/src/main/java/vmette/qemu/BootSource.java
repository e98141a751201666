package vmette.qemu;

import java.nio.file.Path;
import java.util.Objects;

/** What a machine starts from. */
public sealed interface BootSource {
    /**
     * A Linux kernel, loaded by QEMU itself.
     *
     * @param kernel a bzImage, or a vmlinux with a PVH note
     * @param initramfs a cpio archive, or several concatenated
     * @param commandLine what {@link KernelCommandLine} composed
     */
    record Linux(Path kernel, Path initramfs, String commandLine) implements BootSource {
        /** Refuses null. */
        public Linux {
            Objects.requireNonNull(kernel, "kernel");
            Objects.requireNonNull(initramfs, "initramfs");
            Objects.requireNonNull(commandLine, "commandLine");
        }
    }

    /** The machine's firmware and no system: it says that there is nothing to boot and idles. For tests of the monitor. */
    record Firmware() implements BootSource {}

    /**
     * Another monitor's VM, which tells all of it to this one. Nothing of it ever runs here: its network card ends nowhere, and its disks are empty.
     *
     * @param socket where it is told, made by the monitor
     */
    record Incoming(Path socket) implements BootSource {
        /** Refuses null. */
        public Incoming {
            Objects.requireNonNull(socket, "socket");
        }
    }

    /**
     * What a VM was saved as. The launch is the one that it was saved from, but for the directory; its memory is a file that holds what it held.
     *
     * @param state of the devices
     */
    record Saved(Path state) implements BootSource {
        /** Refuses null. */
        public Saved {
            Objects.requireNonNull(state, "state");
        }
    }
}
