package vmette.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import vmette.config.NetBackend;
import vmette.config.NetSettings;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.HostFrame;
import vmette.journal.Journal;
import vmette.net.UserNetwork;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.process.SocketDaemon;
import vmette.qemu.BlockDisk;
import vmette.qemu.NetworkCard;
import vmette.qemu.SharedDirectory;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.snapshot.DiskChain;

/** Root, shares, disks, scratch and network of one incarnation: made anew for each, and gone with it. */
final class Storage implements AutoCloseable {
    private final GatheredFiles files;
    private final Optional<RootfsArtifact> root;
    private final List<BlockDisk> disks = new ArrayList<>();
    private final List<SharedDirectory> shares = new ArrayList<>();
    private final List<SocketDaemon> daemons = new ArrayList<>();
    private final GuestSetup setup;
    private Optional<Scratch> scratch = Optional.empty();
    private NetworkCard network = new NetworkCard.None();

    /** Starts what serves a directory: {@link vmette.rootfs.ShareDaemon#start}, but in tests. */
    @FunctionalInterface
    interface Sharing {
        SocketDaemon start(ChildProcesses children, String name, Path directory, boolean readOnly, Path socket);
    }

    private Storage(VmSpec spec, GatheredFiles files, List<HostFrame> told) {
        this.files = files;
        this.root = files.root();
        List<HostFrame> frames = new ArrayList<>(StorageParts.frames(spec, root));
        frames.addAll(told);
        this.setup = new GuestSetup(frames, root.map(RootfsArtifact::defaults).orElse(ImageDefaults.NONE));
    }

    /**
     * Makes what is made anew: blocks while daemons start and the scratch is formatted. If it fails nothing is left of it.
     *
     * @param files closed with this, or at once if this fails
     * @param told what else the agent is told before BOOT
     * @param directory the incarnation's own
     * @param scratches where a scratch disk comes from
     * @param settings what is to be behind its network card
     * @param sharing what serves directories
     */
    static Storage prepare(
            VmSpec spec,
            GatheredFiles files,
            List<HostFrame> told,
            ChildProcesses children,
            Path directory,
            Scratch.Source scratches,
            NetSettings settings,
            Sharing sharing) {
        Storage storage = new Storage(spec, files, told);
        try {
            storage.make(spec, children, directory, sharing);
            if (spec.net()) {
                storage.connect(spec, children, directory, settings);
            }
            if (spec.storage().scratchMib() > 0) {
                storage.makeScratch(
                        scratches,
                        spec.storage().scratchMib(),
                        children.directory().journal());
            }
            // They have been starting together, and beside the formatting.
            storage.daemons.forEach(SocketDaemon::awaitSocket);
            return storage;
        } catch (RuntimeException | Error e) {
            storage.abandon(e);
            throw e;
        }
    }

    private void make(VmSpec spec, ChildProcesses children, Path directory, Sharing sharing) {
        // The user's own first: the guest numbers them in this order.
        disks.addAll(StorageParts.disks(spec));
        StorageParts.distinct(
                disks, root.map(artifact -> artifact instanceof RootfsArtifact.Image image ? image.file() : null));
        if (root.orElse(null) instanceof RootfsArtifact.Image image) {
            disks.add(new BlockDisk(image.file(), false, StorageParts.ROOT, true, false));
        } else if (root.orElse(null) instanceof RootfsArtifact.Directory shared) {
            serve(
                    sharing,
                    children,
                    "the root",
                    StorageParts.ROOT,
                    shared.path(),
                    true,
                    directory.resolve("root.sock"));
        }
        int number = 0;
        for (Share share : spec.storage().shares()) {
            Path socket = directory.resolve("fs" + number++ + ".sock");
            serve(sharing, children, StorageParts.name(share), share.tag(), share.path(), share.readOnly(), socket);
        }
    }

    private void makeScratch(Scratch.Source source, long mib, Journal journal) {
        scratch = Optional.of(Scratch.make(source, mib, journal));
        disks.add(scratch.get().disk());
    }

    /** The files of its scratch, if there is one that can be saved. */
    Optional<DiskChain> chain() {
        return scratch.flatMap(Scratch::chain);
    }

    /** The kind of network card that a VM would have. Throws as {@link #prepare}. */
    static Class<? extends NetworkCard> card(VmSpec spec, NetSettings settings) {
        if (!spec.net()) {
            return NetworkCard.None.class;
        }
        return passt(settings).isEmpty() ? NetworkCard.Slirp.class : NetworkCard.Stream.class;
    }

    private static Optional<Path> passt(NetSettings settings) {
        Optional<Path> passt =
                settings.backend() == NetBackend.SLIRP ? Optional.empty() : UserNetwork.passt(settings.passt());
        if (passt.isEmpty() && settings.backend() == NetBackend.PASST) {
            throw new InvalidConfigException(
                    "vmette.net.backend = passt, but that program is not on the PATH; on Debian: apt-get"
                            + " install passt; or set it to slirp, which lets guests reach the host's loopback address");
        }
        return passt;
    }

    private void connect(VmSpec spec, ChildProcesses children, Path directory, NetSettings settings) {
        Optional<Path> passt = passt(settings);
        if (passt.isEmpty()) {
            network = new NetworkCard.Slirp();
            return;
        }
        Path socket = directory.resolve("net.sock").toAbsolutePath();
        daemons.add(UserNetwork.start(
                children,
                passt.get().toAbsolutePath(),
                directory.getFileName().toString(),
                spec.netHostLoopback(),
                RuntimeDirectory.isRoot(),
                socket));
        network = new NetworkCard.Stream(socket);
    }

    private void serve(
            Sharing sharing,
            ChildProcesses children,
            String name,
            String tag,
            Path directory,
            boolean readOnly,
            Path socket) {
        daemons.add(sharing.start(children, name, directory, readOnly, socket));
        shares.add(new SharedDirectory(tag, socket));
    }

    List<BlockDisk> disks() {
        return disks;
    }

    List<SharedDirectory> shares() {
        return shares;
    }

    NetworkCard network() {
        return network;
    }

    GuestSetup setup() {
        return setup;
    }

    /** The monitor runs: it has open what it needs. */
    void taken() {
        scratch.ifPresent(Scratch::taken);
    }

    /** Completes with a line that says how, when the first daemon is gone; else never. */
    CompletionStage<String> helperLost() {
        CompletableFuture<String> lost = new CompletableFuture<>();
        daemons.forEach(daemon -> daemon.ended().thenAccept(lost::complete));
        return lost;
    }

    /** Of daemons that live. */
    LongStream processes() {
        return daemons.stream().flatMapToLong(daemon -> daemon.pid().stream());
    }

    /** Completes when no process of it is left; {@link #close} has been called. */
    CompletionStage<Void> gone() {
        return CompletableFuture.allOf(daemons.stream()
                .map(daemon -> daemon.ended().toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    /** Closes it after a failure, and waits until no process of it is left. */
    void abandon(Throwable failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
        gone().toCompletableFuture().join();
    }

    /**
     * Closes all its parts, whatever fails of them.
     *
     * @throws RuntimeException the first failure, with the others in it
     */
    @Override
    public void close() {
        List<Runnable> parts = new ArrayList<>();
        daemons.forEach(daemon -> parts.add(daemon::close));
        scratch.ifPresent(disk -> parts.add(disk::close));
        parts.add(files::close);
        Optional<RuntimeException> failure = Optional.empty();
        for (Runnable part : parts) {
            try {
                part.run();
            } catch (RuntimeException e) {
                failure.ifPresent(first -> first.addSuppressed(e));
                failure = failure.or(() -> Optional.of(e));
            }
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
    }
}
