package vmette.qemu;

import java.time.Duration;
import vmette.config.Durations;
import vmette.errors.OperationTimeoutException;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;
import vmette.vmm.GuestText;

/** Puts into words why one VM did not start. Pure. */
final class StartFailures {
    private final String vm;
    private final long memoryMib;

    StartFailures(QemuLaunch launch) {
        this.vm = "VM " + launch.name();
        this.memoryMib = launch.memoryMib();
    }

    VmetteException notSpawned(Throwable failure) {
        return failure instanceof VmetteException known
                ? known
                : new StartFailedException(vm + ": cannot spawn QEMU: " + failure, failure);
    }

    VmetteException notRunning(String status) {
        return new StartFailedException(
                vm + " does not run after its start: QEMU reports it as \"" + GuestText.printable(status) + "\"");
    }

    VmetteException refused(QmpException refusal) {
        return new StartFailedException(vm + ": " + refusal.getMessage(), refusal);
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
        return new StartFailedException(vm + " (" + memoryMib + " MiB) did not start: " + ending.describeFailedStart());
    }
}
