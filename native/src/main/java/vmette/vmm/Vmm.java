package vmette.vmm;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletionStage;

/**
 * One virtual machine monitor process holding one VM, from spawn to reaped. Thread-safe, never blocks: the work is done
 * on threads of its own, and what it returns completes there, so that nobody may block in what he chains to it. Made by
 * a factory that knows the hypervisor; started once.
 */
public interface Vmm {
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
     * @return fails with {@link IllegalStateException} before the guest runs, with {@link vmette.errors.VmLostException} once the
     *     process has ended or does so meanwhile, with {@link vmette.errors.OperationTimeoutException} if the monitor does
     *     not answer
     */
    CompletionStage<Void> pause();

    /** Lets a paused guest run on; for a running one it changes nothing. Fails as {@link #pause} does. */
    CompletionStage<Void> resume();

    /** Whether the guest's CPUs are held, as far as the monitor has told. */
    boolean isPaused();

    /**
     * Ends the process: asks it first, kills it after a short grace, kills it at once while it is starting. Idempotent;
     * {@link #whenExited} says when. Before {@link #start} it keeps that from ever spawning anything.
     */
    void quit();

    /** Completes, never exceptionally, when the process is reaped (or could not be spawned). */
    CompletionStage<VmmExit> whenExited();

    /** The process's id, from spawned to reaped. */
    OptionalLong pid();

    /** The last lines of the guest's console and of what the monitor itself said, oldest first; bounded, made printable. */
    List<String> consoleTail();

    /** What this monitor can do. */
    VmmCapabilities capabilities();
}
