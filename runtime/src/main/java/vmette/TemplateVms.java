package vmette;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import vmette.recovery.Snapshot;

/**
 * VMs of one template, and the golden snapshot that they are restored from. Thread-safe; nothing blocks.
 *
 * @param <V> a VM
 */
interface TemplateVms<V> {
    /** The template's golden snapshot, if there is one that could be restored here by what it says of itself; one that could not goes, unless somebody uses it. */
    CompletionStage<Optional<Snapshot>> find();

    /** A VM that goes on where the snapshot was taken; fails with {@link vmette.errors.RestoreFailedException} if it was the snapshot's fault, or may have been. */
    CompletionStage<V> restore(String snapshot);

    /** A VM that was booted and has been warmed up. */
    CompletionStage<V> boot();

    /** Saves a VM, which goes on, as the golden one. */
    CompletionStage<Snapshot> save(V vm);

    /** The same, as a snapshot that nobody else finds and that goes with this process. */
    CompletionStage<Snapshot> saveUnnamed(V vm);

    boolean hasEnded(V vm);

    /** The snapshot is of no use any more, and why; one that another process has put in its place stays. */
    void discard(Snapshot snapshot, Throwable why);

    /** Something that its user is to know. */
    void say(String line);
}
