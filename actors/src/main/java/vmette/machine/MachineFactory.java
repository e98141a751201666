package vmette.machine;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.config.VmSpec;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.VmetteException;
import vmette.recovery.Snapshot;
import vmette.vsock.VsockHost;

/** Makes machines. Thread-safe; nothing blocks the caller. */
@FunctionalInterface
public interface MachineFactory {
    /**
     * Makes a machine and lets its guest boot.
     *
     * @param spec what it is to be
     * @param name for its directory and messages
     * @param beforeBoot called with its vsock before the guest's first instruction, on a thread of the factory
     * @return the machine, as soon as its process is being spawned; fails with a {@code VmetteException}, having left nothing
     */
    CompletionStage<Machine> begin(VmSpec spec, String name, Consumer<VsockHost> beforeBoot);

    /**
     * The same for whoever may not want it any more while long work is under way for it, such as the download of its root: that is ended then, and the stage fails, having left
     * nothing. Whoever else wants the same goes on with it himself. A factory that does not hear of it makes the machine, which is closed.
     *
     * @param unwanted completes when nobody wants it any more, or never
     */
    default CompletionStage<Machine> begin(
            VmSpec spec, String name, Consumer<VsockHost> beforeBoot, CompletionStage<?> unwanted) {
        return begin(spec, name, beforeBoot);
    }

    /**
     * Makes a machine whose guest goes on where it was when the snapshot was taken. Its setup says that it was {@linkplain GuestSetup#restored restored}.
     *
     * @param spec what it is
     * @param name for its directory and messages
     * @param snapshot its id
     * @param beforeRun called with its vsock before the guest runs, on a thread of the factory
     * @return as {@link #begin}; fails with {@link SnapshotUnsupportedException} where there are no snapshots, as here
     */
    default CompletionStage<Machine> restore(VmSpec spec, String name, String snapshot, Consumer<VsockHost> beforeRun) {
        return CompletableFuture.failedStage(new SnapshotUnsupportedException(
                "VM " + name + " cannot be restored from the snapshot " + snapshot + ": there are no snapshots yet"));
    }

    /**
     * Looks for a snapshot. Reads a small file.
     *
     * @param id as {@link #restore} takes it
     * @param spec of the VM that is to go on from it
     * @throws vmette.errors.InvalidConfigException if that says something else than the snapshot was built with, where it is only to be said right
     * @throws vmette.errors.RestoreFailedException if there is none, or it is not fit to be restored, by what its manifest says
     * @throws SnapshotUnsupportedException where there are no snapshots, as here
     */
    default Snapshot find(String id, VmSpec spec) {
        throw new SnapshotUnsupportedException(
                "the snapshot " + id + " cannot be restored: there are no snapshots here");
    }

    /**
     * Looks whether the golden snapshot of a template could be restored here, without trying. One that could not, by what it says of itself, is removed unless somebody uses it.
     *
     * @param id its name
     * @param spec of the VMs that are to go on from it
     * @return fails if it cannot be told what such a VM is here
     */
    default CompletionStage<GoldenLook> lookAt(String id, VmSpec spec) {
        try {
            return CompletableFuture.completedStage(GoldenLook.of(find(id, spec)));
        } catch (VmetteException none) {
            return CompletableFuture.completedStage(GoldenLook.NONE);
        }
    }

    /**
     * Gives up a snapshot: nobody is going to restore it any more. One without a name goes when no machine that was restored from it needs it; one with a name is removed,
     * unless somebody is using it. Does not wait for that.
     *
     * @param id as its {@link SaveReport} has it
     */
    default void discard(String id) {}
}
