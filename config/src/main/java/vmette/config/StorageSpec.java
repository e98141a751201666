package vmette.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import vmette.errors.InvalidConfigException;

/**
 * File systems and disks of one VM.
 *
 * @param rootfs what the guest's {@code /} is made of: a directory, an image or an archive, see docs/rootfs.md; empty: the initramfs
 * @param rootfsReadOnly writes to it fail with EROFS; else they go to an overlay and are discarded
 * @param rootfsImage a directory is made into a block image, cached by what is in it, instead of being shared
 * @param switchRoot commands' root by switch_root, with no way back to the initramfs, instead of chroot
 * @param shares directories of the host, each at {@code /mnt/TAG}
 * @param disks raw block images, in the order in which the guest numbers them
 * @param scratchMib size in MiB of an ext4 disk for what is written to {@code /} and {@code /tmp}, gone afterwards; 0: in memory
 */
public record StorageSpec(
        Optional<String> rootfs,
        boolean rootfsReadOnly,
        boolean rootfsImage,
        boolean switchRoot,
        List<Share> shares,
        List<Path> disks,
        long scratchMib) {

    /** Below this an ext4 file system has no room for anything. */
    public static final long LEAST_SCRATCH_MIB = 16;

    /** A PCI bus has 32 places, of which the machine's own devices, our own disks and one network card take some. */
    public static final int MOST_DISKS_AND_SHARES = 20;

    /** Checks what is given. */
    public StorageSpec {
        rootfs.ifPresent(given -> {
            Checks.noNul("rootfs", given);
            if (given.isBlank()) {
                throw Checks.refuse("rootfs", "''", "a directory, an image or an archive");
            }
        });
        if (rootfsImage && rootfs.isEmpty()) {
            throw new InvalidConfigException("rootfs-image needs a rootfs: give one with it");
        }
        if (rootfs.isEmpty() && (rootfsReadOnly || switchRoot)) {
            throw new InvalidConfigException(
                    (rootfsReadOnly ? "rootfs-read-only" : "switch-root") + " needs a rootfs: give one with it");
        }
        shares = List.copyOf(shares);
        disks = List.copyOf(disks);
        Set<String> tags = new HashSet<>();
        for (Share share : shares) {
            if (!tags.add(share.tag())) {
                throw new InvalidConfigException(
                        "the tag " + share.tag() + " names two shares: each needs a tag of its own");
            }
        }
        Checks.range("the number of disks and shares", disks.size() + shares.size(), 0, MOST_DISKS_AND_SHARES);
        if (scratchMib != 0 && (scratchMib < LEAST_SCRATCH_MIB || scratchMib > Long.MAX_VALUE >> 20)) {
            throw Checks.refuse(
                    "scratch", scratchMib + " MiB", "0 (in memory) or at least " + LEAST_SCRATCH_MIB + " MiB");
        }
    }
}
