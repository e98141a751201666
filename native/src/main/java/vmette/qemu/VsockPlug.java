package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import vmette.errors.OperationTimeoutException;

/** Takes one VM's vsock device out and puts it in again. Not thread-safe; every method blocks. */
final class VsockPlug {
    private static final long RELEASE_STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final String NOT_THERE = "DeviceNotFound";

    private final QemuLaunch launch;
    private final QmpDialogue qmp;
    private boolean plugged;
    private CompletableFuture<JsonNode> leaving;

    VsockPlug(QemuLaunch launch, QmpDialogue qmp) {
        this.launch = launch;
        this.qmp = qmp;
        this.plugged = launch.vsock();
    }

    /**
     * Asks the guest to let go of it, and waits for that. At a second try after a timeout the first request still stands: there is no taking it back.
     *
     * @throws TimeoutException if the guest does not within that time; it may do so later, see {@link #whenGone}
     */
    void unplug(Duration timeout) throws QmpException, TimeoutException {
        if (!plugged) {
            return;
        }
        if (leaving == null) {
            leaving = qmp.events()
                    .next("DEVICE_DELETED", data -> data.path("device").asText().equals(QemuCommandLine.VSOCK));
            try {
                qmp.ask("device_del", Map.of("id", QemuCommandLine.VSOCK));
            } catch (QmpException e) {
                if (!e.errorClass().equals(NOT_THERE)) {
                    leaving.cancel(false);
                    leaving = null;
                    throw e;
                }
                leaving.complete(null);
            }
        }
        qmp.await(leaving, timeout);
        plugged = false;
        leaving = null;
        releaseChannel();
    }

    /** Completes when the guest lets go of what {@link #unplug} has waited for in vain. */
    CompletableFuture<JsonNode> whenGone() {
        return leaving;
    }

    /** Puts in again what has gone after {@link #unplug} had waited for it in vain, unless that has been seen to since. */
    void plugIfGone() throws QmpException, TimeoutException {
        if (leaving != null && leaving.isDone()) {
            unplug(QmpDialogue.PATIENCE);
            plug();
        }
    }

    /** The device is deleted before QEMU has let go of all that it had. */
    private void releaseChannel() throws QmpException {
        long begun = System.nanoTime();
        for (; ; ) {
            try {
                qmp.ask("chardev-remove", Map.of("id", QemuCommandLine.VSOCK_CHANNEL));
                return;
            } catch (QmpException busy) {
                if (System.nanoTime() - begun > QmpDialogue.PATIENCE.toNanos()) {
                    throw busy;
                }
                LockSupport.parkNanos(RELEASE_STEP_NANOS);
                if (Thread.interrupted()) {
                    Thread.currentThread().interrupt();
                    throw new OperationTimeoutException("interrupted while QEMU lets go of a device");
                }
            }
        }
    }

    /** Puts it in where it was; its back-end listens. If it is in, or only asked to leave, nothing happens. */
    void plug() throws QmpException {
        if (!plugged && launch.vsock()) {
            qmp.ask("chardev-add", SavedState.channel(launch));
            qmp.ask("device_add", SavedState.device());
            plugged = true;
        }
    }
}
