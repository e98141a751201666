package vmette.machine;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import vmette.config.RestoreMode;
import vmette.errors.SnapshotUnsupportedException;
import vmette.vmm.VmmCapabilities;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockHost;

/** A machine that has been made; its guest boots. Thread-safe; nothing blocks. */
public interface Machine {
    /** The name of a snapshot that is to have none. */
    String UNNAMED = "";

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

    /**
     * Saves it. All connections of its vsock are reset; listeners stay, and dials wait until it goes on.
     *
     * @param snapshot the name it is to have in the directory of snapshots, or a path, recognised by a slash; not used yet. Empty: it gets none, and its report says what to call it; it
     *     is to be given up by {@link MachineFactory#discard}, and goes with the runtime
     * @param thenEnd whether the monitor ends as soon as all is on disk; else the machine goes on when its memory is copied
     * @param goesOn run, on any thread, when the guest goes on and its memory and disks are set aside; what is left is to be written, which may take long. Not run if it
     *     fails before, or is to end
     * @return completes when the snapshot can be restored; fails with {@link vmette.errors.SaveFailedException}, and the machine goes on,
     *     with {@link SnapshotUnsupportedException} where there are no snapshots, and with {@link vmette.errors.VmLostException} if it has ended
     */
    default CompletionStage<SaveReport> save(String snapshot, boolean thenEnd, Runnable goesOn) {
        return CompletableFuture.failedStage(
                new SnapshotUnsupportedException("a VM of this kind cannot be saved as " + snapshot));
    }

    /** How its memory was had if it goes on from a snapshot, {@link RestoreMode#COW} or {@link RestoreMode#COPY}; else empty. */
    default Optional<RestoreMode> restoredBy() {
        return Optional.empty();
    }

    /** What its guest is told before its first command. */
    GuestSetup setup();

    /**
     * Ends the machine: resets its connections, quits the monitor, removes its directory. Idempotent.
     *
     * @return completes, never exceptionally, when nothing of it is left
     */
    CompletionStage<VmmExit> close();
}
