package vmette.machine;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.RestoreMode;
import vmette.errors.SaveFailedException;
import vmette.process.HostLoad;
import vmette.process.ProcessStat;
import vmette.process.RuntimeDirectory;
import vmette.vhostuser.GuestMemoryAccess;
import vmette.vmm.Vmm;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;

/** A machine under QEMU. */
final class QemuMachine implements Machine {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMachine.class);

    private final VsockDevice device;
    private final Vmm vmm;
    private final RuntimeDirectory directories;
    private final Path directory;
    private final Storage storage;
    private final Optional<Saver> saver;
    private final CompletableFuture<String> broken = new CompletableFuture<>();
    private final CompletableFuture<VmmExit> closed = new CompletableFuture<>();
    private final Optional<RestoreMode> restoredBy;
    private final AtomicBoolean closing = new AtomicBoolean();
    private volatile CompletionStage<Void> started = CompletableFuture.completedStage(null);

    QemuMachine(
            VsockDevice device,
            Vmm vmm,
            RuntimeDirectory directories,
            Path directory,
            Storage storage,
            Optional<Saver> saver,
            Optional<RestoreMode> restoredBy) {
        this.restoredBy = restoredBy;
        this.device = device;
        this.vmm = vmm;
        this.directories = directories;
        this.directory = directory;
        this.storage = storage;
        this.saver = saver;
        device.onBroken(broken::complete);
    }

    /** The device listens and its ports are bound, and only then is the monitor spawned. Blocks for the first. */
    void boot(Path socket, GuestMemoryAccess memory, Consumer<VsockHost> beforeBoot) {
        try {
            device.listen(socket, memory, this::mayBeMonitor)
                    .toCompletableFuture()
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
        beforeBoot.accept(device.host());
        started = vmm.start();
        started.thenRun(() -> {
            storage.taken();
            saver.ifPresent(Saver::taken);
        });
    }

    @Override
    public CompletionStage<SaveReport> save(String snapshot, boolean thenEnd, Runnable goesOn) {
        if (saver.isPresent()) {
            return saver.get().save(snapshot, thenEnd, goesOn, device, vmm);
        }
        String obstacle = Saver.obstacle(storage.disks(), storage.shares()).orElseThrow();
        return CompletableFuture.failedStage(new SaveFailedException(
                "the VM cannot be saved" + SnapshotPlaces.as(snapshot) + ": " + obstacle + "; leave it out", null));
    }

    // It may connect before we are told of its spawning.
    private boolean mayBeMonitor(int pid) {
        OptionalLong known = vmm.pid();
        return known.isEmpty() || known.getAsLong() == pid;
    }

    @Override
    public VsockHost vsock() {
        return device.host();
    }

    @Override
    public CompletionStage<Void> started() {
        return started;
    }

    @Override
    public CompletionStage<VmmExit> exited() {
        return vmm.whenExited();
    }

    @Override
    public CompletionStage<String> broken() {
        return broken.minimalCompletionStage();
    }

    @Override
    public CompletionStage<String> helperLost() {
        return storage.helperLost();
    }

    @Override
    public List<Long> processes() {
        return LongStream.concat(vmm.pid().stream(), storage.processes())
                .boxed()
                .toList();
    }

    @Override
    public Vitals vitals() {
        OptionalLong pid = vmm.pid();
        return new Vitals(
                pid.isPresent() ? ProcessStat.of(pid.getAsLong()) : Optional.empty(),
                vmm.isPaused(),
                device.payloads(),
                HostLoad.perProcessor());
    }

    @Override
    public List<String> consoleTail() {
        return vmm.consoleTail();
    }

    @Override
    public Optional<RestoreMode> restoredBy() {
        return restoredBy;
    }

    @Override
    public GuestSetup setup() {
        GuestSetup setup = storage.setup();
        return restoredBy.isPresent() ? new GuestSetup(setup.frames(), setup.defaults(), true) : setup;
    }

    @Override
    public VmmCapabilities capabilities() {
        return vmm.capabilities();
    }

    private void onItsOwn(Runnable task) {
        Thread thread = new Thread(task, "vmette-end-" + directory.getFileName());
        thread.setDaemon(true);
        thread.start();
    }

    private void closeStorage() {
        try {
            storage.close();
        } catch (RuntimeException e) {
            LOG.warn("something of a VM is left behind: {}", e.getMessage());
        }
    }

    @Override
    public CompletionStage<VmmExit> close() {
        if (closing.compareAndSet(false, true)) {
            device.close();
            vmm.quit();
            CompletionStage<VmmExit> exited = vmm.whenExited().thenCombine(device.closed(), (exit, ended) -> exit);
            // The daemons last: a monitor that lost one would say so and not how it ended. On a thread of its own:
            // files
            // are removed, and who comes here last may be an actor or a device loop, which serves other VMs.
            CompletionStage<VmmExit> told = exited.thenApplyAsync(
                    exit -> {
                        saver.ifPresent(Saver::close);
                        closeStorage();
                        return exit;
                    },
                    this::onItsOwn);
            told.thenCombine(storage.gone(), (exit, gone) -> exit).thenAccept(exit -> {
                try {
                    directories.removeVmDirectory(directory);
                } catch (RuntimeException e) {
                    // Whoever waits for the end must see it; the runtime's own end removes what is left.
                    LOG.warn("a VM's directory is left behind: {}", e.getMessage());
                }
                closed.complete(exit);
            });
        }
        return closed.minimalCompletionStage();
    }
}
