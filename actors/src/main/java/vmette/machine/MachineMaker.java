package vmette.machine;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.config.RestoreMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.VsockSettings;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmetteException;
import vmette.guest.GuestKernel;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.machine.MachineMemory.Template;
import vmette.net.UserNetwork;
import vmette.process.CalledOff;
import vmette.qemu.BootSource;
import vmette.qemu.KernelCommandLine;
import vmette.qemu.NetworkCard;
import vmette.qemu.QemuHypervisor;
import vmette.qemu.QemuLaunch;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.ShareDaemon;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.MemoryFile;
import vmette.vmm.Vmm;
import vmette.vsock.VsockBudget;
import vmette.vsock.VsockDevice;
import vmette.vsock.VsockHost;
import vmette.vsock.VsockLimits;

/** Puts machines together from their parts, and knows what each is going to be. Thread-safe; everything blocks. */
final class MachineMaker {
    private static final Logger LOG = LoggerFactory.getLogger(MachineMaker.class);

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
    private final SharedParts parts;
    private final BootFiles bootFiles;
    private final Function<VmSpec, String> lastWords;
    private final UnaryOperator<QemuLaunch> launches;
    private final Supplier<SnapshotPlaces> places;
    private final Supplier<RestoreMode> restoreMode;
    private final Executor blocking;
    private final VsockLimits limits;

    /**
     * @param lastWords on a VM's kernel command line, after which none counts
     * @param launches changes what is launched
     * @param places where machines that are made from now on are saved
     * @param restoreMode how machines that are restored from now on have their memory
     * @param blocking runs saves
     */
    MachineMaker(
            RuntimeSettings settings,
            RootfsProgress progress,
            SharedParts parts,
            BootFiles bootFiles,
            Function<VmSpec, String> lastWords,
            UnaryOperator<QemuLaunch> launches,
            Supplier<SnapshotPlaces> places,
            Supplier<RestoreMode> restoreMode,
            Executor blocking) {
        this.settings = settings;
        this.progress = progress;
        this.parts = parts;
        this.bootFiles = bootFiles;
        this.lastWords = lastWords;
        this.launches = launches;
        this.places = places;
        this.restoreMode = restoreMode;
        this.blocking = blocking;
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

    /** What a machine is going to be that is made now. Fetches what it boots from, as {@link #make} does. */
    MachineIdentity identity(VmSpec spec) {
        QemuHypervisor hypervisor = parts.get().hypervisor();
        try (GatheredFiles files = bootFiles.gather(spec)) {
            return MachineIdentities.of(
                    spec,
                    hypervisor,
                    MachineFiles.of(files.kernel(), hypervisor),
                    commandLine(spec, hypervisor),
                    Storage.card(spec, settings.net()),
                    files.root());
        }
    }

    private String commandLine(VmSpec spec, QemuHypervisor hypervisor) {
        return KernelCommandLine.compose(
                spec.cmdline().orElseGet(() -> KernelCommandLine.defaults(hypervisor.accelerator())),
                spec.vcpus(),
                lastWords.apply(spec));
    }

    /**
     * Makes one and has it run.
     *
     * @param from what its guest goes on from; empty: it boots
     * @param required whether the VM is refused if there is no room for its memory where it can be saved; else it can only not be saved
     * @param work what is broken off when nobody wants it any more
     */
    Machine make(
            VmSpec spec,
            String name,
            Optional<Template> from,
            boolean required,
            Consumer<VsockHost> beforeBoot,
            CalledOff work) {
        SharedParts.Made shared = parts.get();
        // Before a root is fetched for it, which may take minutes.
        shared.hypervisor().check(name, spec.memoryMib());
        StorageParts.check(spec);
        String commandLine = commandLine(spec, shared.hypervisor());
        List<HostFrame> told = new ArrayList<>();
        told.add(new HostFrame.Instance(InstanceId.random()));
        spec.caCerts()
                .map(directory -> TrustedCertificates.read(directory, progress::say, Instant.now()))
                .ifPresent(read -> told.addAll(TrustedCertificates.frames(read)));
        GatheredFiles files = work.during(() -> bootFiles.gather(spec));
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
                            bootFiles.cache().resolve("scratch"),
                            isAllItsOwn(spec, files.root()),
                            from.map(Template::bundle)),
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
                Class<? extends NetworkCard> card = storage.network().getClass();
                Supplier<MachineIdentity> identity =
                        () -> MachineIdentities.of(spec, shared.hypervisor(), made, commandLine, card, files.root());
                from.ifPresent(template -> template.bundle().requireFits(identity.get()));
                memory = Optional.of(memory(launch, shared, from, required));
                saver = Optional.of(new Saver(
                        places.get(),
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
    private MachineMemory memory(
            QemuLaunch launch, SharedParts.Made shared, Optional<Template> from, boolean required) {
        Supplier<MemoryFile> files = () -> MemoryFile.create(
                launch.name(),
                launch.directory(),
                launch.memoryMib() << 20,
                shared.children().directory().journal());
        if (from.isPresent()) {
            RestoreModes.Choice choice =
                    RestoreModes.choose(restoreMode.get(), !launch.shares().isEmpty(), shared.cow());
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
}
