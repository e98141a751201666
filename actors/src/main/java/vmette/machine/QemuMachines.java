package vmette.machine;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.RestoreMode;
import vmette.config.RuntimeSettings;
import vmette.config.SnapshotSpecs;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;
import vmette.journal.Journal;
import vmette.linux.OwnedFd;
import vmette.machine.MachineMemory.Template;
import vmette.process.CalledOff;
import vmette.process.RuntimeDirectory;
import vmette.qemu.QemuLaunch;
import vmette.recovery.Snapshot;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsProvider;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleStore;
import vmette.snapshot.Manifest;
import vmette.vsock.DeviceLoops;
import vmette.vsock.VsockHost;

/** Makes machines under QEMU. One per runtime; thread-safe. Nothing is started before the first machine is asked for. */
public final class QemuMachines implements MachineFactory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMachines.class);

    /** For work on files that is under way when all is over; it is interrupted. */
    private static final long FILES_SECONDS = 5;

    private final AtomicInteger threads = new AtomicInteger();
    // Preparing a machine blocks: it may download a kernel.
    private final ExecutorService blocking = Executors.newCachedThreadPool(this::thread);
    private final SharedParts parts;
    private final MachineMaker maker;
    private volatile SnapshotPlaces places;
    private volatile RestoreMode restoreMode;

    /**
     * @param settings of the runtime
     * @param progress told what long work is under way, on any thread
     * @param providers of roots, asked in this order; called with the first VM that has one
     */
    public QemuMachines(RuntimeSettings settings, Consumer<String> progress, Supplier<List<RootfsProvider>> providers) {
        this(settings, RootfsProgress.lines(progress), providers);
    }

    /** The same, told of transfers as they go on. */
    public QemuMachines(RuntimeSettings settings, RootfsProgress progress, Supplier<List<RootfsProvider>> providers) {
        this(settings, progress, providers, spec -> "");
    }

    /** @param lastWords on a VM's kernel command line, after which none counts; empty but for tests with another PID 1 */
    QemuMachines(
            RuntimeSettings settings,
            RootfsProgress progress,
            Supplier<List<RootfsProvider>> providers,
            Function<VmSpec, String> lastWords) {
        this(settings, progress, providers, lastWords, UnaryOperator.identity());
    }

    /** @param launches changes what is launched; for tests with memory elsewhere */
    QemuMachines(
            RuntimeSettings settings,
            RootfsProgress progress,
            Supplier<List<RootfsProvider>> providers,
            Function<VmSpec, String> lastWords,
            UnaryOperator<QemuLaunch> launches) {
        this.places = new SnapshotPlaces(settings.snapshot().dir());
        this.restoreMode = settings.snapshot().restore();
        this.parts = new SharedParts(settings, progress, blocking);
        this.maker = new MachineMaker(
                settings,
                progress,
                parts,
                new BootFiles(settings, progress, providers),
                lastWords,
                launches,
                () -> places,
                () -> restoreMode,
                blocking);
    }

    private Thread thread(Runnable task) {
        Thread thread = new Thread(task, "vmette-machines-" + threads.incrementAndGet());
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot) {
        return begin(spec, name, beforeBoot, new CompletableFuture<>());
    }

    @Override
    public CompletionStage<Machine> begin(
            VmSpec spec, String name, Consumer<VsockHost> beforeBoot, CompletionStage<?> unwanted) {
        CalledOff work = new CalledOff("VM " + name + " was stopped before its machine was made", VmLostException::new);
        unwanted.thenRun(work::callOff);
        return CompletableFuture.supplyAsync(
                () -> maker.make(spec, name, Optional.empty(), spec.snapshots().needsSaving(), beforeBoot, work),
                blocking);
    }

    @Override
    public CompletionStage<Machine> restore(VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        SnapshotPlaces kept = places;
        return CompletableFuture.supplyAsync(() -> restoreNow(kept.place(snapshot), spec, name, beforeRun), blocking);
    }

    private Machine restoreNow(BundlePlace place, VmSpec spec, String name, Consumer<VsockHost> beforeRun) {
        OwnedFd held = place.hold();
        CalledOff work = new CalledOff("VM " + name + " was stopped before it was restored", VmLostException::new);
        try {
            Template from = new Template(place.open(), held);
            return maker.make(spec, name, Optional.of(from), true, beforeRun, work);
        } catch (RuntimeException | Error e) {
            held.close();
            throw e;
        }
    }

    @Override
    public Snapshot find(String id, VmSpec spec) {
        Manifest manifest = places.place(id).open().manifest();
        SnapshotSpecs.requireSamePort(manifest.machine().spec(), spec);
        return new Snapshot(id, manifest.takenAt(), 0);
    }

    @Override
    public CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
        SnapshotPlaces kept = places;
        try {
            return CompletableFuture.supplyAsync(() -> kept.lookAt(id, () -> maker.identity(spec)), blocking);
        } catch (RejectedExecutionException closing) {
            return CompletableFuture.failedStage(
                    new VmLostException("the runtime is closed: the snapshot " + id + " was not looked at", closing));
        }
    }

    @Override
    public void discard(String id) {
        SnapshotPlaces kept = places;
        try {
            blocking.execute(() -> kept.discard(id));
        } catch (RejectedExecutionException closing) {
            LOG.debug("the snapshot {} goes with the runtime", id);
        }
    }

    /** Keeps snapshots somewhere else; for tests. */
    void keepSnapshotsIn(BundleStore directory) {
        places = new SnapshotPlaces(() -> directory);
    }

    /** Says how machines that are restored from now on have their memory; {@link RestoreMode#AUTO} unless it is said. */
    public void restoreBy(RestoreMode mode) {
        restoreMode = Objects.requireNonNull(mode, "mode");
    }

    /** The runtime's directory, made if need be. */
    public CompletionStage<RuntimeDirectory> directory() {
        return CompletableFuture.supplyAsync(() -> parts.get().children().directory(), blocking);
    }

    /** Completes when the first machine was asked for and there is a journal. */
    public CompletionStage<Journal> journal() {
        return parts.journal();
    }

    /** The device loops; for tests in which one fails. */
    DeviceLoops loops() {
        return parts.get().loops();
    }

    /** Ends every process and removes every file of machines that are still there. Idempotent. */
    @Override
    public void close() {
        Optional<SharedParts.Made> last = parts.end();
        blocking.shutdownNow();
        last.ifPresent(SharedParts.Made::close);
        try {
            // So that nothing is left by one that removes a snapshot just now.
            if (!blocking.awaitTermination(FILES_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("work on files does not end; the next runtime removes what it leaves");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        places.close();
    }
}
