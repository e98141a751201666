package vmette.guest;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

/**
 * Finds, fetches and makes what a VM boots: a value that says what is wanted, and {@link #prepare}.
 *
 * <p>Without a kernel of the user's, Debian's cloud kernel is used, and without an initramfs of the user's, Debian's static
 * busybox: each is fetched once, the newest that Debian has then. With a kernel of the user's, its modules have to be given or
 * be built in.
 */
public final class GuestAssets {
    private final Path cache;
    private final GuestAgent agent;
    private final GuestPackages packages;
    private final List<String> wanted;
    // null: not the user's
    private final Path kernel;
    private final Path initramfs;
    private final Path modules;

    private GuestAssets(
            Path cache,
            GuestAgent agent,
            GuestPackages packages,
            List<String> wanted,
            Path kernel,
            Path initramfs,
            Path modules) {
        this.cache = cache.toAbsolutePath();
        this.agent = agent;
        this.packages = packages;
        this.wanted = wanted;
        this.kernel = kernel;
        this.initramfs = initramfs;
        this.modules = modules;
    }

    /**
     * With nothing of the user's.
     *
     * @param cache where to keep what is fetched and made; private to the user, made if it does not exist
     * @param agent PID 1
     */
    public static GuestAssets in(Path cache, GuestAgent agent) {
        return in(cache, agent, new DebianPackages(DebianPackages.Tools.SYSTEM));
    }

    static GuestAssets in(Path cache, GuestAgent agent, GuestPackages packages) {
        return new GuestAssets(cache, agent, packages, KernelModules.DEFAULT_WANTED, null, null, null);
    }

    /** With this kernel, a bzImage or vmlinux for x86-64. */
    public GuestAssets withKernel(Path file) {
        return new GuestAssets(cache, agent, packages, wanted, Objects.requireNonNull(file), initramfs, modules);
    }

    /** With this initramfs, to which the agent is appended. */
    public GuestAssets withInitramfs(Path file) {
        return new GuestAssets(cache, agent, packages, wanted, kernel, Objects.requireNonNull(file), modules);
    }

    /** With the modules in this directory, which have to be those of the kernel given; see {@link KernelModules#in}. */
    public GuestAssets withModules(Path directory) {
        return new GuestAssets(cache, agent, packages, wanted, kernel, initramfs, Objects.requireNonNull(directory));
    }

    /** With these modules to be loaded and not {@link KernelModules#DEFAULT_WANTED}. */
    public GuestAssets withWantedModules(List<String> names) {
        return new GuestAssets(cache, agent, packages, List.copyOf(names), kernel, initramfs, modules);
    }

    /**
     * Yields files to boot. What is not in the cache is fetched and made, which takes seconds to minutes; else this takes a few
     * milliseconds. Blocks; an interrupt ends it with a {@link VmetteIoException}.
     *
     * @param progress gets a line of text, on the calling thread, before anything that takes long
     * @throws InvalidConfigException when a file of the user's is not what it should be, or does not fit another
     * @throws VmetteIoException when the cache cannot be used, or what is missing cannot be fetched
     */
    public GuestKernel prepare(Consumer<String> progress) {
        if (modules != null && kernel == null) {
            throw new InvalidConfigException("the modules in " + modules
                    + " fit only the kernel they were built with: give that kernel with --kernel, too");
        }
        KernelImage image = kernel == null ? null : KernelImage.ofUser(kernel);
        Initramfs.Base base = initramfs == null ? null : new Initramfs.UserArchive(initramfs);
        List<KernelModule> load = image == null ? null : modulesOf(image);

        Set<AssetKind> needed = EnumSet.noneOf(AssetKind.class);
        if (image == null) {
            needed.add(AssetKind.KERNEL);
        }
        if (base == null) {
            needed.add(AssetKind.BUSYBOX);
        }
        Map<AssetKind, GuestAsset> assets =
                needed.isEmpty() ? Map.of() : new AssetCache(cache, packages).get(needed, progress);
        if (base == null) {
            base = busybox(assets.get(AssetKind.BUSYBOX));
        }
        if (image != null) {
            return new GuestKernel(
                    image.file().toAbsolutePath(), Initramfs.cached(cache, agent, load, base), version(image));
        }
        GuestAsset fetched = assets.get(AssetKind.KERNEL);
        List<KernelModule> modulesOfFetched = fetched.modules().resolve(wanted);
        Path made = Initramfs.cached(cache, agent, modulesOfFetched, base);
        return new GuestKernel(fetched.file(), made, fetched.release());
    }

    private List<KernelModule> modulesOf(KernelImage image) {
        if (modules == null) {
            return List.of();
        }
        KernelModules available = KernelModules.in(modules);
        List<KernelModule> load = available.resolve(wanted);
        if (!image.release().isEmpty()) {
            available.requireRelease(load, image);
        }
        return load;
    }

    private static Initramfs.Base busybox(GuestAsset asset) {
        return new Initramfs.Busybox(asset.file(), asset.directory().resolve("applets"), asset.identity());
    }

    private static String version(KernelImage image) {
        return image.release().isEmpty() ? image.file().getFileName().toString() : image.release();
    }
}
