package vmette;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.providers.DirectoryProvider;
import vmette.rootfs.providers.ImageStore;
import vmette.rootfs.providers.SquashfsProvider;
import vmette.rootfs.providers.TarProvider;
import vmette.rootfs.providers.oci.OciProvider;

/** The providers of root file systems, in the order in which they are asked; the first that accepts a specification makes it. */
public final class RootfsProviders {
    private RootfsProviders() {}

    /** Whether what this specification is made into may say what is to be run in it. */
    public static boolean mayHaveCommand(String spec, RuntimeSettings settings) {
        return all(settings).stream()
                .filter(each -> each.accepts(spec))
                .findFirst()
                .filter(RootfsProvider::hasCommands)
                .isPresent();
    }

    /**
     * Providers of the application's own, found by {@link ServiceLoader}, and after them those that come with the runtime.
     *
     * @throws InvalidConfigException if one of the application's cannot be made
     */
    public static List<RootfsProvider> all(RuntimeSettings settings) {
        List<RootfsProvider> all = new ArrayList<>();
        try {
            ServiceLoader.load(RootfsProvider.class).forEach(all::add);
        } catch (ServiceConfigurationError e) {
            throw new InvalidConfigException(
                    "a provider of root file systems, named in META-INF/services/" + RootfsProvider.class.getName()
                            + ", cannot be made: " + e.getMessage(),
                    e);
        }
        all.add(new DirectoryProvider());
        all.add(new SquashfsProvider());
        all.add(new TarProvider());
        all.add(new OciProvider(new ImageStore(), settings.rootfs().tagTtl()));
        return List.copyOf(all);
    }
}
