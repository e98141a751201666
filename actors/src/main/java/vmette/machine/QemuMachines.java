package vmette.machine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
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
import vmette.config.VsockSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;
import vmette.guest.GuestKernel;
import vmette.guest.KernelModules;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.journal.Journal;
import vmette.linux.OwnedFd;
import vmette.machine.MachineMemory.Template;
import vmette.net.UserNetwork;
import vmette.process.CalledOff;
import vmette.process.ChildProcesses;
import vmette.process.CowSupport;
import vmette.process.RuntimeDirectory;
import vmette.qemu.Accelerator;
import vmette.qemu.BootSource;
import vmette.qemu.KernelCommandLine;
import vmette.qemu.NetworkCard;
import vmette.qemu.QemuHypervisor;
import vmette.qemu.QemuLaunch;
import vmette.recovery.Snapshot;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;
import vmette.rootfs.ShareDaemon;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleStore;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.Manifest;
import vmette.snapshot.MemoryFile;
import vmette.vmm.Vmm;
import vmette.vsock.DeviceLoops;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockLimits;

/** Makes machines under QEMU. One per runtime; thread-safe. Nothing is started before the first machine is asked for. */
public final class QemuMachines implements MachineFactory, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(QemuMachines.class);

    // The lowest CID a guest may have. It is private to each device, so all guests have the same.
    private static final long GUEST_CID = 3;
    private static final int WRITE_HIGH_WATER = 1 << 20;
    private static final int WRITE_LOW_WATER = 256 << 10;
    private static final int CHAINS_PER_TURN = 128;
    private static final int PENDING_REPLIES = 256;
    // Of a machine that could not boot; longer only with a process that cannot be killed.
    private static final long END_SECONDS = 30;

    /** For work on files that is under way when all is over; it is interrupted. */
    private static final long FILES_SECONDS = 5;

    private final RuntimeSettings settings;
    private final RootfsProgress progress;
    private final Function<VmSpec, String> lastWords;
    private final Supplier<List<RootfsProvider>> providers;
    private final UnaryOperator<QemuLaunch> launches;
    private final VsockLimits limits;
    private final AtomicInteger threads = new AtomicInteger();
    // Preparing a machine blocks: it may download a kernel.
    private final ExecutorService blocking = Executors.newCachedThreadPool(this::thread);
    private final CompletableFuture<Journal> journal = new CompletableFuture<>();
    private volatile SnapshotPlaces places;
    private volatile RestoreMode restoreMode;
    private Parts parts;
    private boolean closed;

    /** What all machines share, made with the first. */
    private record Parts(
            ChildProcesses children, QemuHypervisor hypervisor, DeviceLoops loops, Supplier<CowSupport> cow) {}

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
        this.providers = providers;
        this.launches = launches;
        this.settings = settings;
        this.places = new SnapshotPlaces(settings.snapshot().dir());
        this.restoreMode = settings.snapshot().restore();
        this.progress = progress;
        this.lastWords = lastWords;
        VsockSettings vsock = settings.vsock();
        this.limits = new VsockLimits(
                vsock.bufAlloc(),
                vsock.vmBudget(),
                new VsockBudget(withinHeap(vsock.processBudget())),
                vsock.maxConnections(),
                vsock.acceptTimeout(),
                vsock.shutdownTimeout(),
                WRITE_HIGH_WATER,
                WRITE_LOW_WATER,
                CHAINS_PER_TURN,
                PENDING_REPLIES);
    }

    /** What connections hold is heap, and guests that fill it together end the JVM and with it the VMs of all others. */
    private static long withinHeap(long processBudget) {
        long most = Runtime.getRuntime().maxMemory() / 2;
        if (processBudget > most) {
            LOG.info(
                    "vmette.vsock.process-budget is {} MiB, but half of the heap is {} MiB: that is the limit",
                    processBudget >> 20,
                    most >> 20);
        }
        return Math.min(processBudget, most);
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
                () -> make(spec, name, Optional.empty(), spec.snapshots().needsSaving(), beforeBoot, work), blocking);
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
            return make(spec, name, Optional.of(from), true, beforeRun, work);
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
        return CompletableFuture.supplyAsync(() -> parts().children().directory(), blocking);
    }

    /** Completes when the first machine was asked for and there is a journal. */
    public CompletionStage<Journal> journal() {
        return journal.minimalCompletionStage();
    }

    private Machine make(
            VmSpec spec,
            String name,
            Optional<Template> from,
            boolean required,
            Consumer<VsockHost> beforeBoot,
            CalledOff work) {
        Parts shared = parts();
        // Before a root is fetched for it, which may take minutes.
        shared.hypervisor().check(name, spec.memoryMib());
        StorageParts.check(spec);
        String commandLine = KernelCommandLine.compose(
                spec.cmdline()
                        .orElseGet(() ->
                                KernelCommandLine.defaults(shared.hypervisor().accelerator())),
                spec.vcpus(),
                lastWords.apply(spec));
        List<HostFrame> told = new ArrayList<>();
        told.add(new HostFrame.Instance(InstanceId.random()));
        spec.caCerts()
                .map(directory -> TrustedCertificates.read(directory, progress::say, Instant.now()))
                .ifPresent(read -> told.addAll(TrustedCertificates.frames(read)));
        Path cache = settings.cacheDir().toAbsolutePath();
        GatheredFiles files = work.during(() -> GatheredFiles.in(
                cache,
                progress,
                () -> spec.storage()
                        .rootfs()
                        .map(given -> root(given, spec.storage().rootfsImage(), cache)),
                root -> assets(spec, root)));
        GuestKernel kernel = files.kernel();
        Path directory;
        try {
            work.check();
            directory = shared.children().directory().createVmDirectory(name);
        } catch (RuntimeException | Error e) {
            files.close();
            throw e;
        }
        Storage storage = null;
        Optional<MachineMemory> memory = Optional.empty();
        QemuMachine machine = null;
        try {
            storage = Storage.prepare(
                    spec,
                    files,
                    told,
                    shared.children(),
                    directory,
                    new Scratch.Source(
                            cache.resolve("scratch"), isAllItsOwn(spec, files.root()), from.map(Template::bundle)),
                    settings.net(),
                    ShareDaemon::start);
            QemuLaunch launch = launches.apply(new QemuLaunch(
                    name,
                    new BootSource.Linux(kernel.kernel(), kernel.initramfs(), commandLine),
                    spec.vcpus(),
                    spec.memoryMib(),
                    directory,
                    true,
                    storage.network(),
                    storage.disks(),
                    storage.shares()));
            Optional<Saver> saver = Optional.empty();
            Optional<String> obstacle = Saver.obstacle(storage.disks(), storage.shares());
            if (from.isPresent() && obstacle.isPresent()) {
                throw new RestoreFailedException(
                        "VM " + name + " cannot be restored from the snapshot "
                                + from.get().bundle().directory() + ": " + obstacle.get() + "; leave it out",
                        null);
            }
            if (obstacle.isEmpty()) {
                MachineFiles made = MachineFiles.of(kernel, shared.hypervisor());
                QemuLaunch given = launch;
                Supplier<MachineIdentity> identity =
                        () -> Saver.identity(spec, shared.hypervisor(), given, made, commandLine);
                from.ifPresent(template -> template.bundle().requireFits(identity.get()));
                memory = Optional.of(memory(launch, shared, from, required));
                saver = Optional.of(new Saver(
                        places,
                        memory.get(),
                        new DiskSaver(name, storage.chain(), shared.children()),
                        identity,
                        blocking));
                launch = memory.get().in(launch);
            }
            Vmm vmm = shared.hypervisor().create(launch);
            machine = new QemuMachine(
                    new VsockDevice(GUEST_CID, limits, shared.loops().next()),
                    vmm,
                    shared.children().directory(),
                    directory,
                    storage,
                    saver,
                    memory.flatMap(MachineMemory::restoredBy));
            if (storage.network() instanceof NetworkCard.Slirp && !spec.netHostLoopback()) {
                progress.say("passt is not used: the guest can reach services on this host's loopback address, at "
                        + UserNetwork.GATEWAY + "; on Debian: apt-get install passt");
            }
            machine.boot(launch.vsockSocket(), launch.memory().access(), beforeBoot);
            return machine;
        } catch (RuntimeException | Error e) {
            if (machine != null) {
                // Nothing of it is left when the failure is reported.
                machine.close()
                        .toCompletableFuture()
                        .completeOnTimeout(null, END_SECONDS, TimeUnit.SECONDS)
                        .join();
            } else {
                memory.ifPresent(MachineMemory::close);
                if (storage != null) {
                    storage.abandon(e);
                }
                shared.children().directory().removeVmDirectory(directory);
            }
            throw e;
        }
    }

    /** Whether there is nothing of the host's in the VM that would go on changing outside a bundle. */
    private static boolean isAllItsOwn(VmSpec spec, Optional<RootfsArtifact> root) {
        return spec.storage().shares().isEmpty()
                && spec.storage().disks().isEmpty()
                && !(root.orElse(null) instanceof RootfsArtifact.Directory);
    }

    /** @param required whether the VM is refused if there is no room for its memory where it can be saved; else it can only not be saved */
    private MachineMemory memory(QemuLaunch launch, Parts shared, Optional<Template> from, boolean required) {
        Supplier<MemoryFile> files = () -> MemoryFile.create(
                launch.name(),
                launch.directory(),
                launch.memoryMib() << 20,
                shared.children().directory().journal());
        if (from.isPresent()) {
            RestoreModes.Choice choice =
                    RestoreModes.choose(restoreMode, !launch.shares().isEmpty(), shared.cow());
            LOG.debug("VM {} is restored by {}: {}", launch.name(), choice.mode(), choice.why());
            return choice.mode() == RestoreMode.COW
                    ? MachineMemory.ofBundle(from.get(), files)
                    : MachineMemory.copied(files.get(), from.get());
        }
        try {
            return MachineMemory.inFile(files.get());
        } catch (VmetteException e) {
            if (required) {
                throw e;
            }
            LOG.debug("a VM runs that cannot be saved: {}", e.getMessage());
            return MachineMemory.unsaveable(e.getMessage());
        }
    }

    private RootfsArtifact root(String spec, boolean asImage, Path cache) {
        List<RootfsProvider> known = providers.get();
        RootfsProvider provider = known.stream()
                .filter(each -> each.accepts(spec))
                .findFirst()
                .orElseThrow(() -> new InvalidConfigException("rootfs = " + spec + " is refused: none of "
                        + known.stream().map(RootfsProvider::name).toList()
                        + " takes it; a directory is written ./DIR, an archive tar+file:///PATH, an image of this host"
                        + " squashfs+file:///PATH, one of a registry oci://NAME:TAG in small letters"));
        RootfsArtifact artifact = provider.resolve(new RootfsRequest(
                spec, cache, settings.rootfs().maxSize(), settings.rootfs().offline(), progress, asImage));
        if (asImage && artifact instanceof RootfsArtifact.Directory) {
            artifact.close();
            throw new InvalidConfigException("rootfs-image is refused: the provider " + provider.name()
                    + " has no image of " + spec + "; leave it out, and the directory is shared");
        }
        return artifact;
    }

    private GuestAssets assets(VmSpec spec, Optional<RootfsArtifact> root) {
        List<String> modules = new ArrayList<>(KernelModules.DEFAULT_WANTED);
        modules.addAll(StorageParts.modules(spec, root));
        GuestAssets assets =
                GuestAssets.in(settings.cacheDir(), GuestAgent.fromClasspath()).withWantedModules(modules);
        if (spec.kernel().isPresent()) {
            assets = assets.withKernel(spec.kernel().get());
        }
        if (spec.initramfs().isPresent()) {
            assets = assets.withInitramfs(spec.initramfs().get());
        }
        if (spec.modules().isPresent()) {
            assets = assets.withModules(spec.modules().get());
        }
        return assets;
    }

    /** The device loops; for tests in which one fails. */
    DeviceLoops loops() {
        return parts().loops();
    }

    private synchronized Parts parts() {
        if (closed) {
            throw new VmLostException("the runtime is closed: no VM can be launched");
        }
        if (parts == null) {
            ChildProcesses children = ChildProcesses.open(RuntimeDirectory.open(
                    settings.runtimeDir().map(Path::toString).orElse("")));
            try {
                QemuHypervisor hypervisor = QemuHypervisor.open(settings.qemu(), children);
                sayHowIsolated(hypervisor);
                parts = new Parts(
                        children,
                        hypervisor,
                        DeviceLoops.start(
                                settings.vsock().loops(),
                                failure -> LOG.error("a device loop failed and its VMs with it", failure)),
                        new Once<>(() -> CowSupport.probe(children)));
                journal.complete(children.directory().journal());
                blocking.execute(() -> SnapshotPlaces.sweep(settings.snapshot().dir()));
            } catch (RuntimeException e) {
                children.close();
                throw e;
            }
        }
        return parts;
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

    /** Ends every process and removes every file of machines that are still there. Idempotent. */
    @Override
    public void close() {
        Parts made;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            made = parts;
        }
        blocking.shutdownNow();
        if (made != null) {
            made.children().close();
            made.loops().close();
        }
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
