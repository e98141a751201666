package vmette.vmm;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * One virtual machine monitor process holding one VM, from spawn to reaped. Thread-safe, never blocks: the work is done
 * on threads of its own. Made by a factory that knows the hypervisor; started once.
 */
public interface Vmm {
    /**
     * Spawns the process and lets the guest run.
     *
     * @return completes when the monitor answers and the guest runs; fails with a {@link vmette.errors.VmetteException} (what the monitor said is in
     *     the message), after which {@link #whenExited} completes too
     */
    CompletionStage<Void> start();

    /** Stops the guest's CPUs. */
    CompletionStage<Void> pause();

    /** Lets a paused guest run on. */
    CompletionStage<Void> resume();

    /** Ends the process: asks it first, kills it after a short grace. Idempotent; {@link #whenExited} says when. */
    void quit();

    /** Completes, never exceptionally, when the process is reaped (or could not be spawned). */
    CompletionStage<VmmExit> whenExited();

    /** The last lines of the guest's console and of what the monitor itself said, oldest first; bounded. */
    List<String> consoleTail();

    /** What this monitor can do. */
    VmmCapabilities capabilities();
}
