package vmette.vmm;

import java.util.concurrent.CompletionStage;

/**
 * One virtual machine monitor process holding one VM, from spawn to reaped. Thread-safe, never blocks: the work is done
 * on threads of its own, and what it returns completes there, so that nobody may block in what he chains to it. Made by
 * a factory that knows the hypervisor; started once.
 */
public interface Vmm extends VmmView {
    /**
     * Spawns the process and lets the guest run.
     *
     * @return completes when the monitor answers and the guest runs; fails with a {@link vmette.errors.VmetteException}
     *     (what the monitor said is in the message), after which {@link #whenExited} completes too; fails with {@link
     *     IllegalStateException} at a second call, which changes nothing
     */
    CompletionStage<Void> start();

    /**
     * Stops the guest's CPUs. Pausing a paused guest changes nothing.
     *
     * @return fails with {@link vmette.errors.NotSupportedException} where {@link VmmCapabilities#pauses} is false; with {@link IllegalStateException} before the guest runs, with {@link vmette.errors.VmLostException} once the
     *     process has ended or does so meanwhile, with {@link vmette.errors.OperationTimeoutException} if the monitor does
     *     not answer
     */
    CompletionStage<Void> pause();

    /** Lets a paused guest run on; for a running one it changes nothing. Fails as {@link #pause} does. */
    CompletionStage<Void> resume();

    /**
     * Saves the VM: its guest stands still while the sink takes state and memory, and then goes on or ends. Devices that cannot be saved
     * are unplugged before and plugged in again after: the guest's vsock connections end, its listening sockets stay. One at a time.
     *
     * @return completes when the VM goes on, or has been told to quit; fails with {@link vmette.errors.SaveFailedException}, and the
     *     VM goes on; with {@link vmette.errors.SnapshotUnsupportedException} where {@link VmmCapabilities#snapshots} is false;
     *     with {@link IllegalStateException} before the guest runs; with {@link vmette.errors.VmLostException} once the process has
     *     ended, or when it cannot go on, and then it ends
     */
    CompletionStage<Void> snapshot(SnapshotOrder order, SnapshotSink sink);

    /**
     * Ends the process: asks it first, kills it after a short grace, kills it at once while it is starting. Idempotent;
     * {@link #whenExited} says when. Before {@link #start} it keeps that from ever spawning anything.
     */
    void quit();

    /** Completes, never exceptionally, when the process is reaped (or could not be spawned). */
    CompletionStage<VmmExit> whenExited();
}
