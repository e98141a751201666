package vmette.qemu;

import java.nio.file.Path;
import vmette.config.QemuSettings;
import vmette.process.ChildProcesses;
import vmette.process.HostMemory;
import vmette.vmm.Vmm;

/** Makes QEMU monitors. One per runtime; thread-safe. */
public final class QemuHypervisor {
    private final Path binary;
    private final Accelerator accelerator;
    private final QemuSettings settings;
    private final ChildProcesses children;

    private QemuHypervisor(Path binary, Accelerator accelerator, QemuSettings settings, ChildProcesses children) {
        this.binary = binary;
        this.accelerator = accelerator;
        this.settings = settings;
        this.children = children;
    }

    /**
     * Finds QEMU and chooses the accelerator; runs nothing.
     *
     * @param children spawn the processes and stay the caller's
     * @throws vmette.errors.StartFailedException if there is no QEMU
     * @throws vmette.errors.InvalidConfigException if KVM is demanded and not to be had
     */
    public static QemuHypervisor open(QemuSettings settings, ChildProcesses children) {
        return new QemuHypervisor(
                QemuProbe.find(settings.binary()), Accelerator.choose(settings.accelerator()), settings, children);
    }

    /** What will run the guests. */
    public Accelerator accelerator() {
        return accelerator;
    }

    /** The program that will run them. */
    public Path program() {
        return binary;
    }

    /** The version of the program that will run them, as it says itself: asked once, and again when the file has changed. Blocks. */
    public String version() {
        return QemuInstallation.versionOf(binary);
    }

    /**
     * Refuses, before anything is made for it, a machine that this host cannot have.
     *
     * @param vm its name
     * @throws vmette.errors.InvalidConfigException if it wants more memory than there is
     */
    public void check(String vm, long memoryMib) {
        HostMemory.check(vm, memoryMib);
    }

    /**
     * Makes a monitor, not started yet. The launch's directory must exist by its start and stays the caller's.
     *
     * @throws vmette.errors.InvalidConfigException if the machine wants more memory than the host has
     */
    public Vmm create(QemuLaunch launch) {
        check(launch.name(), launch.memoryMib());
        if (launch.boot() instanceof BootSource.Saved && launch.memory() instanceof MemoryBacking.Anonymous) {
            throw new IllegalArgumentException("VM " + launch.name() + " is to go on without its memory");
        }
        return new QemuVmm(binary, accelerator, settings, launch, children);
    }
}
