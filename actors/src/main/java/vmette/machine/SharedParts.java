package vmette.machine;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;
import vmette.journal.Journal;
import vmette.process.ChildProcesses;
import vmette.process.CowSupport;
import vmette.process.RuntimeDirectory;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuHypervisor;
import vmette.rootfs.RootfsProgress;
import vmette.vsock.DeviceLoops;

/** What all machines of a runtime share, made with the first. Thread-safe. */
final class SharedParts {
    private static final Logger LOG = LoggerFactory.getLogger(SharedParts.class);

    private final RuntimeSettings settings;
    private final RootfsProgress progress;
    private final Executor blocking;
    private final CompletableFuture<Journal> journal = new CompletableFuture<>();
    // Guarded by this.
    private Optional<Made> made = Optional.empty();
    private boolean closed;

    /** Those parts. */
    record Made(ChildProcesses children, QemuHypervisor hypervisor, DeviceLoops loops, Supplier<CowSupport> cow) {
        /** Ends every process, and removes every file, of machines that are still there. */
        void close() {
            children.close();
            loops.close();
        }
    }

    /** @param blocking removes what runtimes that died have left */
    SharedParts(RuntimeSettings settings, RootfsProgress progress, Executor blocking) {
        this.settings = settings;
        this.progress = progress;
        this.blocking = blocking;
    }

    /** @throws VmLostException if all is over */
    synchronized Made get() {
        if (closed) {
            throw new VmLostException("the runtime is closed: no VM can be launched");
        }
        if (made.isEmpty()) {
            made = Optional.of(make());
        }
        return made.get();
    }

    private Made make() {
        ChildProcesses children = ChildProcesses.open(
                RuntimeDirectory.open(settings.runtimeDir().map(Path::toString).orElse("")));
        try {
            QemuHypervisor hypervisor = QemuHypervisor.open(settings.qemu(), children);
            sayHowIsolated(hypervisor);
            Made parts = new Made(
                    children,
                    hypervisor,
                    DeviceLoops.start(
                            settings.vsock().loops(),
                            failure -> LOG.error("a device loop failed and its VMs with it", failure)),
                    new Once<>(() -> CowSupport.probe(children)));
            journal.complete(children.directory().journal());
            blocking.execute(() -> SnapshotPlaces.sweep(settings.snapshot().dir()));
            return parts;
        } catch (RuntimeException e) {
            children.close();
            throw e;
        }
    }

    private void sayHowIsolated(QemuHypervisor hypervisor) {
        if (hypervisor.accelerator() == Accelerator.TCG) {
            progress.say(
                    "no KVM here (a processor with vmx or svm, and /dev/kvm): guests run under TCG, slower and no security boundary");
            LOG.info("guests run under TCG, which is slower and no security boundary");
        } else if (!Accelerator.isLikelyToWork()) {
            progress.say(
                    "vmette.qemu.accelerator = kvm is forced, though this processor shows neither vmx nor svm: on such a"
                            + " host a guest's kernel may be too slow ever to boot; tcg is the way out");
        }
    }

    /** Completes when there are some. */
    CompletionStage<Journal> journal() {
        return journal.minimalCompletionStage();
    }

    /** There will be no others. Those that there are, the first time, for the caller to close. */
    synchronized Optional<Made> end() {
        Optional<Made> last = made.filter(parts -> !closed);
        closed = true;
        return last;
    }
}
