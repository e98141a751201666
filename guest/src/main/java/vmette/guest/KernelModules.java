package vmette.guest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.errors.InvalidConfigException;

/**
 * The modules that belong to one kernel, and the order in which the guest has to load them.
 *
 * <p>A module's dependencies come from its own {@code .modinfo}, so that no depmod has to have run and a few files in a flat
 * directory will do. Names with {@code -} and {@code _} are the same. Not for use by several threads at once.
 */
public final class KernelModules {
    /**
     * What every guest needs: the bus, the vsock core, and the transport, which comes last so that the agent listens before
     * the host can reach it.
     */
    public static final List<String> DEFAULT_WANTED = List.of("virtio_pci", "vsock", "vmw_vsock_virtio_transport");

    private static final String LAST = "vmw_vsock_virtio_transport";

    /** What is known about each module. */
    interface Catalogue {
        /** The loadable module of this canonical name. */
        Optional<KernelModule> find(String name);

        /** What the kernel has built in, canonical. */
        Set<String> builtIn();

        /** Whether {@link #builtIn} is all that is built in; else whatever is not here is taken to be. */
        boolean knowsBuiltIn();

        Modinfo modinfo(KernelModule module);

        /** Where this is from, for messages. */
        String origin();
    }

    private final Catalogue catalogue;
    private final Map<String, Modinfo> read = new HashMap<>();

    KernelModules(Catalogue catalogue) {
        this.catalogue = catalogue;
    }

    /**
     * The modules in a directory of the user's: a {@code lib/modules/VERSION} tree, or any directory with {@code .ko},
     * {@code .ko.gz} or {@code .ko.xz} files in it. Reads names only.
     *
     * @throws InvalidConfigException when it cannot be read, holds no module, or two of the same name
     */
    public static KernelModules in(Path directory) {
        return new KernelModules(ModuleDirectory.scan(directory));
    }

    /** The kernel's way to write a module's name. */
    static String canonical(String name) {
        return name.replace('-', '_');
    }

    /**
     * The wanted modules and all they depend on, in load order; what is built into the kernel is left out. Where the
     * directory has no {@code modules.builtin}, a wanted module that it lacks is taken to be built in.
     *
     * @throws InvalidConfigException when a wanted module or a dependency is missing, a file is no module, or modules depend
     *     on each other in a circle
     */
    public List<KernelModule> resolve(Collection<String> wanted) {
        Set<String> names = new LinkedHashSet<>();
        wanted.forEach(name -> names.add(canonical(name)));
        if (names.remove(LAST)) {
            names.add(LAST);
        }
        Map<String, KernelModule> ordered = new LinkedHashMap<>();
        for (String name : names) {
            if (!isBuiltIn(name)) {
                visit(name, "", ordered, new LinkedHashSet<>());
            }
        }
        return List.copyOf(ordered.values());
    }

    /**
     * Refuses modules that were built for another kernel than this one.
     *
     * @throws InvalidConfigException naming both releases
     */
    void requireRelease(List<KernelModule> modules, KernelImage kernel) {
        for (KernelModule module : modules) {
            String builtFor = modinfo(module).release();
            if (!builtFor.isEmpty() && !builtFor.equals(kernel.release())) {
                throw new InvalidConfigException("the kernel module " + module.file() + " is for Linux " + builtFor
                        + " and the kernel " + kernel.file() + " is " + kernel.release()
                        + ": give the modules of that kernel");
            }
        }
    }

    private boolean isBuiltIn(String name) {
        return catalogue.builtIn().contains(name)
                || (!catalogue.knowsBuiltIn() && catalogue.find(name).isEmpty());
    }

    private void visit(String name, String neededBy, Map<String, KernelModule> ordered, Set<String> path) {
        if (ordered.containsKey(name) || catalogue.builtIn().contains(name)) {
            return;
        }
        if (!path.add(name)) {
            throw new InvalidConfigException("the kernel modules in " + catalogue.origin()
                    + " depend on each other in a circle: " + String.join(" -> ", path) + " -> " + name);
        }
        KernelModule module = catalogue.find(name).orElseThrow(() -> missing(name, neededBy));
        for (String dependency : dependencies(name, module)) {
            visit(dependency, name, ordered, path);
        }
        path.remove(name);
        ordered.put(name, module);
    }

    private InvalidConfigException missing(String name, String neededBy) {
        return new InvalidConfigException("the kernel module " + name
                + (neededBy.isEmpty() ? "" : ", which " + neededBy + " depends on,")
                + " is not in " + catalogue.origin()
                + ": give the kernel's whole module directory (lib/modules/VERSION), or a kernel that has it built in");
    }

    /** Some kernels' virtio does not own up to virtio_ring but fails to load without it. */
    private List<String> dependencies(String name, KernelModule module) {
        List<String> depends = modinfo(module).depends();
        if (!name.equals("virtio")
                || catalogue.find("virtio_ring").isEmpty()
                || depends.contains("virtio_ring")
                || reaches("virtio_ring", "virtio", new HashSet<>())) {
            return depends;
        }
        List<String> withRing = new ArrayList<>(depends);
        withRing.add("virtio_ring");
        return withRing;
    }

    private boolean reaches(String from, String to, Set<String> seen) {
        return seen.add(from)
                && catalogue.find(from).stream()
                        .flatMap(module -> modinfo(module).depends().stream())
                        .anyMatch(next -> next.equals(to) || reaches(next, to, seen));
    }

    private Modinfo modinfo(KernelModule module) {
        return read.computeIfAbsent(module.name(), name -> catalogue.modinfo(module));
    }
}
