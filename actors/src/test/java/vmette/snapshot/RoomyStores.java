package vmette.snapshot;

import java.nio.file.Path;
import java.util.function.ToLongFunction;

/** Stores of bundles on file systems that are as full as a test wants them. */
public final class RoomyStores {
    private RoomyStores() {}

    /**
     * Opens one.
     *
     * @param room what is left in a directory, in bytes
     */
    public static BundleStore open(Path root, ToLongFunction<Path> room) {
        return BundleStore.open(root, room);
    }
}
