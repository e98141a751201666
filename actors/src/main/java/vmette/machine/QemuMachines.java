package vmette.machine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VsockSettings;
import vmette.errors.InvalidConfigException;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmLostException;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;
import vmette.guest.GuestKernel;
import vmette.guest.KernelModules;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.journal.Journal;
import vmette.linux.OwnedFd;
import vmette.net.UserNetwork;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.qemu.Accelerator;
import vmette.qemu.BootSource;
import vmette.qemu.KernelCommandLine;
import vmette.qemu.MemoryBacking;
import vmette.qemu.NetworkCard;
import vmette.qemu.QemuHypervisor;
import vmette.qemu.QemuLaunch;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;
import vmette.rootfs.ShareDaemon;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundleStore;
import vmette.snapshot.MachineIdentity;
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
    private volatile Optional<BundleStore> store = Optional.empty();
    private Parts parts;
    private boolean closed;

    /** What all machines share, made with the first. */
    private record Parts(ChildProcesses children, QemuHypervisor hypervisor, DeviceLoops loops) {}

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
        CalledOff work = new CalledOff("VM " + name + " was stopped before its machine was made");
        unwanted.thenRun(work::callOff);
        return CompletableFuture.supplyAsync(() -> make(spec, name, Optional.empty(), beforeBoot, work), blocking);
    }

    @Override
    public CompletionStage<Machine> restore(VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        Optional<BundleStore> kept = store;
        if (kept.isEmpty()) {
            return MachineFactory.super.restore(spec, name, snapshot, beforeRun);
        }
        return CompletableFuture.supplyAsync(() -> restoreNow(kept.get(), spec, name, snapshot, beforeRun), blocking);
    }

    private Machine restoreNow(
            BundleStore kept, VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        OwnedFd held = kept.hold(snapshot);
        CalledOff work = new CalledOff("VM " + name + " was stopped before it was restored");
        try {
            Machine made = make(spec, name, Optional.of(kept.open(snapshot)), beforeRun, work);
            // Until then the monitor has not read all of it.
            made.started().whenComplete((running, failure) -> held.close());
            return made;
        } catch (RuntimeException | Error e) {
            held.close();
            throw e;
        }
    }

    /** Says where snapshots are. Machines that are made from now on have their memory where it can be saved, unless {@link Machine#save} would be refused anyway. */
    public void keepSnapshotsIn(BundleStore directory) {
        store = Optional.of(directory);
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
            VmSpec spec, String name, Optional<Bundle> from, Consumer<VsockHost> beforeBoot, CalledOff work) {
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
        Optional<MemoryFile> memory = Optional.empty();
        QemuMachine machine = null;
        try {
            storage = Storage.prepare(
                    spec,
                    files,
                    told,
                    shared.children(),
                    directory,
                    new Scratch.Source(cache.resolve("scratch"), store.isPresent(), from),
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
                                + from.get().directory() + ": " + obstacle.get() + "; leave it out",
                        null);
            }
            if (store.isPresent() && obstacle.isEmpty()) {
                MachineIdentity identity = Saver.identity(
                        shared.hypervisor().version(), shared.hypervisor().accelerator(), launch, kernel, commandLine);
                from.ifPresent(bundle -> bundle.requireFits(identity));
                memory = Optional.of(MemoryFile.create(
                        name,
                        directory,
                        spec.memoryMib() << 20,
                        shared.children().directory().journal()));
                saver = Optional.of(new Saver(
                        store.get(),
                        memory.get(),
                        new DiskSaver(name, storage.chain(), shared.children()),
                        identity,
                        blocking));
                launch = withMemory(launch, memory.get(), from);
            }
            Vmm vmm = shared.hypervisor().create(launch);
            machine = new QemuMachine(
                    new VsockDevice(GUEST_CID, limits, shared.loops().next()),
                    vmm,
                    shared.children().directory(),
                    directory,
                    storage,
                    saver,
                    from.isPresent());
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
                memory.ifPresent(MemoryFile::close);
                if (storage != null) {
                    storage.abandon(e);
                }
                shared.children().directory().removeVmDirectory(directory);
            }
            throw e;
        }
    }

    private static QemuLaunch withMemory(QemuLaunch launch, MemoryFile memory, Optional<Bundle> from) {
        QemuLaunch saveable = launch.withMemory(new MemoryBacking.SharedFile(memory.file()));
        if (from.isEmpty()) {
            return saveable;
        }
        memory.fill(from.get());
        return saveable.withBoot(new BootSource.Saved(from.get().state()));
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
                                failure -> LOG.error("a device loop failed and its VMs with it", failure)));
                journal.complete(children.directory().journal());
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
    }
}
