package vmette.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
import vmette.rootfs.ShareDaemon;

/** What a specification's root, shares, disks and scratch mean for the machine and its guest. Pure, but for a look at the disks' files. */
final class StorageParts {
    static final String ROOT = "vmette-root";
    static final String SCRATCH = "vmette-scratch";

    // inode(7)
    private static final int FILE_TYPE = 0170000;
    private static final int BLOCK_DEVICE = 0060000;

    private StorageParts() {}

    /**
     * Refuses disks and shares that cannot be, before anything is made.
     *
     * @throws InvalidConfigException naming the first of them
     */
    static void check(VmSpec spec) {
        distinct(disks(spec), Optional.empty());
        spec.storage().shares().forEach(share -> ShareDaemon.check(name(share), share.path()));
    }

    /** A share as people know it. */
    static String name(Share share) {
        return "the share " + share.tag();
    }

    /** Two devices would write to one file without knowing of each other. */
    static void distinct(List<BlockDisk> disks, Optional<Path> rootImage) {
        Map<Object, Path> known = new HashMap<>();
        rootImage.ifPresent(image -> known.put(identity(image), image));
        for (BlockDisk disk : disks) {
            Path other = known.put(identity(disk.image()), disk.image());
            if (other != null) {
                throw new InvalidConfigException("disk = " + disk.image() + " is refused: it is "
                        + (rootImage.filter(other::equals).isPresent()
                                ? "the image of the root, too; copy it"
                                : "a disk of this VM already, as " + other + "; each needs a file of its own"));
            }
        }
    }

    private static Object identity(Path file) {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (IOException e) {
            throw new InvalidConfigException("disk = " + file + " cannot be looked at: " + e.getMessage(), e);
        }
    }

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
            if (!file && ((Integer) Files.getAttribute(path, "unix:mode") & FILE_TYPE) != BLOCK_DEVICE) {
                throw new InvalidConfigException(
                        "disk = " + path + " is refused: it is neither a regular file nor a block device");
            }
            if (file && Files.size(path) == 0) {
                throw new InvalidConfigException("disk = " + path + " is refused: it is empty, and a disk has a size;"
                        + " give it one with `truncate -s 1G " + path + "`");
            }
        } catch (IOException e) {
            throw new InvalidConfigException("disk = " + path + " cannot be looked at: " + e.getMessage(), e);
        }
        return new BlockDisk(path, !file, "", false, false);
    }

    /** All of its disks, in the guest's order: each is the file that it is, but the scratch is what the guest knows of it, whatever files it is in. */
    static List<String> described(VmSpec spec, Optional<RootfsArtifact> root) {
        List<String> disks = new ArrayList<>();
        disks(spec).forEach(disk -> disks.add(disk.image().toString()));
        if (root.orElse(null) instanceof RootfsArtifact.Image image) {
            disks.add(image.file().toString());
        }
        if (spec.storage().scratchMib() > 0) {
            disks.add(SCRATCH + " of " + spec.storage().scratchMib() + " MiB");
        }
        return disks;
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
