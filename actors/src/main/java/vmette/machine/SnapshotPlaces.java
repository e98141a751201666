package vmette.machine;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.RestoreFailedException;
import vmette.errors.VmetteException;
import vmette.linux.OwnedFd;
import vmette.recovery.Snapshot;
import vmette.snapshot.Bundle;
import vmette.snapshot.BundlePlace;
import vmette.snapshot.BundleStore;
import vmette.snapshot.BundleWriter;
import vmette.snapshot.MachineIdentity;
import vmette.snapshot.Manifest;

/**
 * Where snapshots are: those that were given a name, in a directory or by a path, and those that nobody is to see, such as what a VM is forked by. Thread-safe; every method
 * reads directories and blocks.
 */
final class SnapshotPlaces implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotPlaces.class);

    private final Supplier<BundleStore> named;
    // By their paths, which are their ids.
    private final Map<String, OwnedFd> unnamed = new ConcurrentHashMap<>();

    /** @param directory made when it is first needed: most runtimes never save anything */
    SnapshotPlaces(Path directory) {
        this(() -> BundleStore.open(directory));
    }

    /** @param named opens the directory of those that are called by a name */
    SnapshotPlaces(Supplier<BundleStore> named) {
        this.named = named;
    }

    /** For messages: what it is to be saved as, after a space, if that has a name. */
    static String as(String id) {
        return id.equals(Machine.UNNAMED) ? "" : " as " + id;
    }

    /** @throws vmette.errors.VmetteException if that can be no snapshot's, or the directory is not fit */
    BundlePlace place(String id) {
        return BundlePlace.of(id, named);
    }

    /** Throws as {@link BundleStore#begin} and {@link #place}. */
    BundleWriter begin(String id, long bytes) {
        if (id.equals(Machine.UNNAMED)) {
            return named.get().beginUnnamed(bytes);
        }
        BundlePlace place = place(id);
        return place.store().begin(place.name(), bytes);
    }

    /** Finishes a bundle, and gives the id by which it can be restored. */
    String commit(BundleWriter writer, String id, MachineIdentity machine) {
        Bundle bundle = writer.commit(machine);
        if (!id.equals(Machine.UNNAMED)) {
            return id;
        }
        String path = bundle.directory().toString();
        unnamed.put(path, writer.lock());
        return path;
    }

    /** See {@link MachineFactory#discard}. */
    void discard(String id) {
        OwnedFd lock = unnamed.remove(id);
        if (lock != null) {
            lock.close();
            BundleStore.sweep(named.get().root());
            return;
        }
        try {
            place(id).remove();
        } catch (VmetteException e) {
            LOG.warn("the snapshot {} is of no use, and could not be removed: {}", id, e.getMessage());
        }
    }

    /**
     * See {@link MachineFactory#lookAt}.
     *
     * @param here what would run it; asked if there is one
     */
    GoldenLook lookAt(String id, Supplier<MachineIdentity> here) {
        BundlePlace place = place(id);
        if (!Files.isDirectory(place.directory(), LinkOption.NOFOLLOW_LINKS)) {
            return GoldenLook.NONE;
        }
        String why;
        try {
            Manifest manifest = place.open().manifest();
            List<String> differences = manifest.machine().differences(here.get());
            if (differences.isEmpty()) {
                return GoldenLook.of(new Snapshot(id, manifest.takenAt(), 0));
            }
            why = String.join("; ", differences);
        } catch (RestoreFailedException refusal) {
            why = Bundle.why(refusal, place.directory());
        }
        try {
            return place.remove() ? GoldenLook.of(new GoldenLook.Foreign(id, why, Optional.empty())) : GoldenLook.NONE;
        } catch (VmetteException e) {
            return GoldenLook.of(new GoldenLook.Foreign(id, why, Optional.of(e.getMessage())));
        }
    }

    /** Removes what runtimes that died have left in a directory of snapshots, if there is one and it is fit. */
    static void sweep(Path directory) {
        try {
            if (Files.isDirectory(directory)) {
                BundleStore.sweep(BundleStore.open(directory).root());
            }
        } catch (VmetteException e) {
            LOG.debug("{} is not looked through", directory, e);
        }
    }

    @Override
    public void close() {
        unnamed.keySet().forEach(this::discard);
    }
}
