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
import vmette.net.UserNetwork;
import vmette.process.ChildProcesses;
import vmette.process.RuntimeDirectory;
import vmette.process.SocketDaemon;
import vmette.qemu.BlockDisk;
import vmette.qemu.NetworkCard;
import vmette.qemu.SharedDirectory;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.ScratchDisk;
import vmette.rootfs.ShareDaemon;

/** Root, shares, disks, scratch and network of one incarnation: made anew for each, and gone with it. */
final class Storage implements AutoCloseable {
    private final Optional<RootfsArtifact> root;
    private final List<BlockDisk> disks = new ArrayList<>();
    private final List<SharedDirectory> shares = new ArrayList<>();
    private final List<SocketDaemon> daemons = new ArrayList<>();
    private final GuestSetup setup;
    private Optional<ScratchDisk> scratch = Optional.empty();
    private NetworkCard network = new NetworkCard.None();

    private Storage(VmSpec spec, Optional<RootfsArtifact> root) {
        this.root = root;
        this.setup = new GuestSetup(
                StorageParts.frames(spec, root),
                root.map(RootfsArtifact::defaults).orElse(ImageDefaults.NONE));
    }

    /**
     * Makes what is made anew: blocks while daemons start and the scratch is formatted.
     *
     * @param root closed with this, or at once if this fails
     * @param directory the incarnation's own
     * @param scratches where scratch disks are made
     * @param settings what is to be behind its network card
     */
    static Storage prepare(
            VmSpec spec,
            Optional<RootfsArtifact> root,
            ChildProcesses children,
            Path directory,
            Path scratches,
            NetSettings settings) {
        Storage storage = new Storage(spec, root);
        try {
            storage.make(spec, children, directory, scratches);
            if (spec.net()) {
                storage.connect(spec, children, directory, settings);
            }
            return storage;
        } catch (RuntimeException e) {
            storage.close();
            throw e;
        }
    }

    private void make(VmSpec spec, ChildProcesses children, Path directory, Path scratches) {
        // The user's own first: the guest numbers them in this order.
        disks.addAll(StorageParts.disks(spec));
        if (root.orElse(null) instanceof RootfsArtifact.Image image) {
            disks.add(new BlockDisk(image.file(), false, StorageParts.ROOT, true, false));
        } else if (root.orElse(null) instanceof RootfsArtifact.Directory shared) {
            share(children, "the root", StorageParts.ROOT, shared.path(), true, directory.resolve("root.sock"));
        }
        int number = 0;
        for (Share share : spec.shares()) {
            Path socket = directory.resolve("fs" + number++ + ".sock");
            share(children, "the share " + share.tag(), share.tag(), share.path(), share.readOnly(), socket);
        }
        if (spec.scratchMib() > 0) {
            scratch = Optional.of(ScratchDisk.create(scratches, spec.scratchMib()));
            disks.add(new BlockDisk(scratch.get().file(), false, StorageParts.SCRATCH, false, true));
        }
    }

    private void connect(VmSpec spec, ChildProcesses children, Path directory, NetSettings settings) {
        Optional<Path> passt =
                settings.backend() == NetBackend.SLIRP ? Optional.empty() : UserNetwork.passt(settings.passt());
        if (passt.isEmpty()) {
            if (settings.backend() == NetBackend.PASST) {
                throw new InvalidConfigException(
                        "vmette.net.backend = passt, but that program is not on the PATH; on Debian: apt-get"
                                + " install passt; or set it to slirp, which lets guests reach the host's loopback address");
            }
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

    private void share(
            ChildProcesses children, String name, String tag, Path directory, boolean readOnly, Path socket) {
        daemons.add(ShareDaemon.start(children, name, directory, readOnly, socket));
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
        scratch.ifPresent(ScratchDisk::taken);
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

    @Override
    public void close() {
        daemons.forEach(SocketDaemon::close);
        scratch.ifPresent(ScratchDisk::close);
        root.ifPresent(RootfsArtifact::close);
    }
}
