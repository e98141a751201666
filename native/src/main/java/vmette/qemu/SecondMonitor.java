package vmette.qemu;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.errors.VmLostException;

/** The monitor that is saved in the stead of one VM: there is one at a time at most, and none that outlives it. Thread-safe. */
final class SecondMonitor {
    private final QemuLaunch launch;
    private final Function<QemuLaunch, QemuVmm> monitors;
    private Optional<QemuVmm> last = Optional.empty();
    private boolean over;

    /** @param launch of the VM */
    SecondMonitor(QemuLaunch launch, Function<QemuLaunch, QemuVmm> monitors) {
        this.launch = launch;
        this.monitors = monitors;
    }

    /**
     * Makes it, not started yet; it is to be started at once.
     *
     * @param memory where it has its memory
     * @throws VmLostException if the VM has ended
     */
    synchronized QemuVmm create(Path memory) {
        if (over) {
            throw new VmLostException("VM " + launch.name() + " has ended");
        }
        // In the same directory: the first has no need of its sockets' names any more.
        QemuLaunch likewise = new QemuLaunch(
                launch.name() + "-saved",
                new BootSource.Incoming(socket()),
                launch.vcpus(),
                launch.memoryMib(),
                launch.directory(),
                false,
                launch.network(),
                launch.disks(),
                List.of(),
                new MemoryBacking.SharedFile(memory));
        QemuVmm made = monitors.apply(likewise);
        last = Optional.of(made);
        return made;
    }

    /** Where it is told of the VM. */
    Path socket() {
        return launch.directory().resolve("whole.sock");
    }

    /**
     * The VM has ended.
     *
     * @return completes when nothing is left of the other either
     */
    synchronized CompletionStage<?> end() {
        over = true;
        last.ifPresent(QemuVmm::kill);
        return last.<CompletionStage<?>>map(QemuVmm::whenExited).orElse(CompletableFuture.completedStage(null));
    }
}
