package vmette.qemu;

import java.time.Duration;
import vmette.config.Durations;
import vmette.errors.OperationTimeoutException;
import vmette.errors.RestoreFailedException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.vmm.GuestText;

/** Puts into words why one VM did not start. Pure. */
final class StartFailures {
    private final String vm;
    private final long memoryMib;
    private final boolean restoring;

    StartFailures(QemuLaunch launch) {
        this.vm = "VM " + launch.name();
        this.memoryMib = launch.memoryMib();
        this.restoring = launch.boot() instanceof BootSource.Saved;
    }

    VmetteException notSpawned(Throwable failure) {
        return failure instanceof VmetteException known
                ? known
                : failed(vm + ": cannot spawn QEMU: " + failure, failure);
    }

    VmetteException notRunning(String status) {
        return failed(
                vm + " does not run after its start: QEMU reports it as \"" + GuestText.printable(status) + "\"", null);
    }

    VmetteException refused(QmpException refusal) {
        return failed(vm + ": " + refusal.getMessage(), refusal);
    }

    VmetteException late(Duration limit) {
        return new OperationTimeoutException(vm + ": QEMU was not ready within " + Durations.text(limit)
                + ": it hangs, or the host is overloaded; if that is usual here, raise vmette.qemu.start-timeout");
    }

    VmetteException toldToQuit() {
        return new StartFailedException(vm + " was told to quit before it ran");
    }

    VmetteException ended(Ending ending) {
        if (ending.quitRequested()) {
            return toldToQuit();
        }
        return failed(vm + " (" + memoryMib + " MiB) did not start: " + ending.describeFailedStart(), null);
    }

    private VmetteException failed(String message, Throwable cause) {
        return restoring ? new RestoreFailedException(message, cause) : new StartFailedException(message, cause);
    }
}
