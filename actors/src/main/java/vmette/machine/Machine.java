package vmette.machine;

import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockHost;

/** A machine that has been made; its guest boots. Thread-safe; nothing blocks. */
public interface Machine {
    /** The host's end of its vsock. */
    VsockHost vsock();

    /** Completes when the monitor answers and the guest runs; fails with a {@code VmetteException}. */
    CompletionStage<Void> started();

    /** Completes, never exceptionally, when the monitor's process is reaped. */
    CompletionStage<VmmExit> exited();

    /** Completes with the reason if the vsock device breaks, by the guest's doing or the monitor's. */
    CompletionStage<String> broken();

    /** Completes with a line that says which and how if a process that serves the monitor ends before it is told to. */
    CompletionStage<String> helperLost();

    /** Process ids of the monitor and what serves it, as far as they live. */
    List<Long> processes();

    /** How the monitor fares, and whether the guest says anything. Reads two small files of {@code /proc}. */
    Vitals vitals();

    /** Last lines of the guest's console and of the monitor. */
    List<String> consoleTail();

    /** What the monitor can do. */
    VmmCapabilities capabilities();

    /** What its guest is told before its first command. */
    GuestSetup setup();

    /**
     * Ends the machine: resets its connections, quits the monitor, removes its directory. Idempotent.
     *
     * @return completes, never exceptionally, when nothing of it is left
     */
    CompletionStage<VmmExit> close();
}
