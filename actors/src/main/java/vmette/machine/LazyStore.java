package vmette.machine;

import java.util.function.Supplier;
import vmette.snapshot.BundleStore;

/** A store of bundles whose directory is made when it is first needed: most runtimes never save anything. Thread-safe; blocks that once. */
final class LazyStore {
    private final Supplier<BundleStore> open;
    private BundleStore store;

    LazyStore(Supplier<BundleStore> open) {
        this.open = open;
    }

    /** @throws vmette.errors.VmetteIoException if it cannot be made, or is not fit */
    synchronized BundleStore get() {
        if (store == null) {
            store = open.get();
        }
        return store;
    }
}
