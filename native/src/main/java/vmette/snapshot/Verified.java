package vmette.snapshot;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the files of bundles were when this process found them to be right: of those that were asked for last, since one that forks VMs makes bundles for as long as it lives. Thread-safe. */
final class Verified {
    static final int MOST = 256;

    // By the order in which they were asked for.
    private final Map<Path, Map<Path, FileStamp>> bundles = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Path, Map<Path, FileStamp>> eldest) {
            return size() > MOST;
        }
    };

    /** Empty: nothing is known. */
    synchronized Map<Path, FileStamp> of(Path bundle) {
        return bundles.getOrDefault(bundle, Map.of());
    }

    synchronized void put(Path bundle, Map<Path, FileStamp> files) {
        bundles.put(bundle, files);
    }

    synchronized void remove(Path bundle) {
        bundles.remove(bundle);
    }
}
