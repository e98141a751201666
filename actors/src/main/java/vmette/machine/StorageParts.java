package vmette.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.Ipv4;
import vmette.net.UserNetwork;
import vmette.qemu.BlockDisk;
import vmette.rootfs.RootfsArtifact;

/** What a specification's root, shares, disks and scratch mean for the machine and its guest. Pure, but for a look at the disks' files. */
final class StorageParts {
    static final String ROOT = "vmette-root";
    static final String SCRATCH = "vmette-scratch";

    private StorageParts() {}

    /** The user's own disks. */
    static List<BlockDisk> disks(VmSpec spec) {
        List<BlockDisk> disks = new ArrayList<>();
        for (Path given : spec.storage().disks()) {
            disks.add(disk(given.toAbsolutePath()));
        }
        return disks;
    }

    private static BlockDisk disk(Path path) {
        if (!Files.exists(path)) {
            throw new InvalidConfigException("disk = " + path + " is refused: there is no such file; make one with"
                    + " `truncate -s 1G " + path + "`");
        }
        if (Files.isDirectory(path)) {
            throw new InvalidConfigException("disk = " + path
                    + " is refused: it is a directory, and a disk is a raw image; --share takes directories");
        }
        if (!Files.isReadable(path) || !Files.isWritable(path)) {
            throw new InvalidConfigException("disk = " + path + " is refused: this user may not read and write it");
        }
        boolean file = Files.isRegularFile(path);
        try {
            if (file && Files.size(path) == 0) {
                throw new InvalidConfigException("disk = " + path + " is refused: it is empty, and a disk has a size;"
                        + " give it one with `truncate -s 1G " + path + "`");
            }
        } catch (IOException e) {
            throw new InvalidConfigException("disk = " + path + " cannot be looked at: " + e.getMessage(), e);
        }
        return new BlockDisk(path, !file, "", false, false);
    }

    /** Kernel modules beyond those that every guest needs. */
    static List<String> modules(VmSpec spec, Optional<RootfsArtifact> root) {
        Set<String> modules = new LinkedHashSet<>();
        boolean image = root.filter(RootfsArtifact.Image.class::isInstance).isPresent();
        boolean directory = root.isPresent() && !image;
        if (image || spec.storage().scratchMib() > 0 || !spec.storage().disks().isEmpty()) {
            modules.add("virtio_blk");
        }
        if (root.isPresent()) {
            modules.add("overlay");
        }
        if (root.orElse(null) instanceof RootfsArtifact.Image made) {
            modules.add(made.format().word());
        }
        if (directory || !spec.storage().shares().isEmpty()) {
            modules.add("virtiofs");
        }
        if (spec.storage().scratchMib() > 0) {
            modules.add("ext4");
        }
        if (spec.net()) {
            modules.add("virtio_net");
        }
        return List.copyOf(modules);
    }

    /** What the agent is told. */
    static List<HostFrame> frames(VmSpec spec, Optional<RootfsArtifact> root) {
        List<HostFrame> frames = new ArrayList<>();
        if (spec.storage().scratchMib() > 0) {
            frames.add(new HostFrame.Scratch(SCRATCH));
        }
        root.ifPresent(artifact -> frames.add(new HostFrame.Root(
                spec.storage().rootfsReadOnly(),
                spec.storage().switchRoot(),
                artifact instanceof RootfsArtifact.Image image ? image.format().word() : "virtiofs",
                ROOT)));
        if (spec.net()) {
            frames.add(new HostFrame.Net(
                    Ipv4.parse(UserNetwork.ADDRESS),
                    UserNetwork.PREFIX,
                    Ipv4.parse(UserNetwork.GATEWAY),
                    Ipv4.parse(UserNetwork.NAMESERVER)));
        }
        for (Share share : spec.storage().shares()) {
            frames.add(new HostFrame.Share(share.readOnly(), share.tag()));
        }
        return frames;
    }
}
