package vmette.rootfs.providers;

import java.util.List;
import vmette.rootfs.RootfsProvider;

/** The providers that come with the runtime, in the order in which they are asked. */
public final class Rootfs {
    private Rootfs() {}

    /** All of them. */
    public static List<RootfsProvider> providers() {
        return List.of(new DirectoryProvider());
    }
}
