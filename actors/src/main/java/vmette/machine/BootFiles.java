package vmette.machine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;
import vmette.guest.KernelModules;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** Fetches what VMs boot from: roots by their providers, kernels and initramfs. Thread-safe; blocks for as long as that takes. */
final class BootFiles {
    private final RuntimeSettings settings;
    private final RootfsProgress progress;
    private final Supplier<List<RootfsProvider>> providers;

    /** @param providers of roots, asked in this order */
    BootFiles(RuntimeSettings settings, RootfsProgress progress, Supplier<List<RootfsProvider>> providers) {
        this.settings = settings;
        this.progress = progress;
        this.providers = providers;
    }

    Path cache() {
        return settings.cacheDir().toAbsolutePath();
    }

    GatheredFiles gather(VmSpec spec) {
        return GatheredFiles.in(
                cache(),
                progress,
                () -> spec.storage()
                        .rootfs()
                        .map(given -> root(given, spec.storage().rootfsImage(), cache())),
                root -> assets(spec, root));
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
}
