package vmette.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import vmette.guest.GuestAssets;
import vmette.guest.GuestKernel;
import vmette.linux.OwnedFd;
import vmette.rootfs.CacheUse;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;

/**
 * What one incarnation is booted from, held in the cache while it lives: {@code initramfs/KEY.lock} and {@code guest/KERNEL/lock} are locked shared,
 * and the root's artifact holds what it is made of. A file of the user's own needs no lock.
 */
final class GatheredFiles implements AutoCloseable {
    private final Optional<RootfsArtifact> root;
    private final List<OwnedFd> locks = new ArrayList<>();
    private GuestKernel kernel;

    /** With nothing but a root, and no kernel yet. */
    GatheredFiles(Optional<RootfsArtifact> root) {
        this.root = root;
    }

    /** Blocks while they are fetched or made, and while somebody prunes the cache. */
    static GatheredFiles in(
            Path cache,
            RootfsProgress progress,
            Supplier<Optional<RootfsArtifact>> root,
            Function<Optional<RootfsArtifact>, GuestAssets> assets) {
        Optional<OwnedFd> gathering = CacheUse.gathering(cache, progress);
        try {
            GatheredFiles files = new GatheredFiles(root.get());
            try {
                files.kernel = assets.apply(files.root).prepare(progress::say);
                files.hold(cache);
                return files;
            } catch (RuntimeException e) {
                files.close();
                throw e;
            }
        } finally {
            gathering.ifPresent(OwnedFd::close);
        }
    }

    private void hold(Path cache) {
        Path initramfs = kernel.initramfs().toAbsolutePath();
        if (initramfs.startsWith(cache)) {
            hold(initramfs, initramfs.getFileName().toString().replace(".cpio", "") + ".lock");
        }
        Path guest = cache.resolve("guest");
        Path image = kernel.kernel().toAbsolutePath();
        try {
            if (Files.exists(guest) && image.startsWith(guest.toRealPath())) {
                hold(image, "lock");
            }
        } catch (IOException gone) {
            // Then it is no place where anything is pruned.
        }
    }

    private void hold(Path file, String lock) {
        CacheUse.holding(file.resolveSibling(lock)).ifPresent(locks::add);
    }

    Optional<RootfsArtifact> root() {
        return root;
    }

    GuestKernel kernel() {
        return kernel;
    }

    /** Lets them go. Idempotent. */
    @Override
    public void close() {
        try {
            root.ifPresent(RootfsArtifact::close);
        } finally {
            locks.forEach(OwnedFd::close);
        }
    }
}
