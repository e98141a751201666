package vmette.rootfs.providers;

import java.util.List;
import vmette.rootfs.RootfsProvider;

/** The providers that the runtime comes with. */
public final class Rootfs {
    private Rootfs() {}

    /** In the order in which they are asked; the first that accepts a specification makes it. */
    public static List<RootfsProvider> providers() {
        return List.of();
    }
}
