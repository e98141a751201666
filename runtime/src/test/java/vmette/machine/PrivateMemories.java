package vmette.machine;

import java.nio.file.Path;
import java.util.List;
import vmette.config.RuntimeSettings;
import vmette.qemu.MemoryBacking;
import vmette.rootfs.RootfsProgress;

/** Machines that begin from a memory file and write nothing into it. */
public final class PrivateMemories {
    private PrivateMemories() {}

    /**
     * Machines whose VMs called {@code private...} have their memory so; the others have it as ever.
     *
     * @param file as long as those VMs' memory
     */
    public static QemuMachines create(RuntimeSettings settings, Path file) {
        return new QemuMachines(
                settings,
                RootfsProgress.NONE,
                List::of,
                spec -> "",
                launch -> launch.name().startsWith("private")
                        ? launch.withMemory(new MemoryBacking.PrivateFile(file))
                        : launch);
    }
}
