package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.vmm.SnapshotOrder;
import vmette.vmm.SnapshotSink;

/**
 * Saves one VM. QEMU saves none that holds a vhost-user vsock device, so that this is unplugged first.
 * Blocks, one save at a time.
 */
final class QmpSave {
    private static final Logger LOG = LoggerFactory.getLogger(QmpSave.class);

    private final QemuLaunch launch;
    private final QmpDialogue qmp;
    private final VsockPlug plug;
    private final SecondMonitor second;
    private final BlockFreeze disks;
    private final BooleanSupplier paused;
    private long stillSince;

    /** @param second what is saved in its stead if its memory is private */
    QmpSave(QemuLaunch launch, QmpDialogue qmp, SecondMonitor second, BooleanSupplier paused) {
        this.launch = launch;
        this.qmp = qmp;
        this.second = second;
        this.plug = new VsockPlug(launch, qmp);
        this.disks = new BlockFreeze(launch, qmp);
        this.paused = paused;
    }

    /**
     * Unless the VM is to quit it goes on when this returns or throws.
     *
     * @throws SaveFailedException if it could not be saved
     * @throws VmLostException if it cannot go on: it is to be ended
     */
    synchronized void save(SnapshotOrder order, SnapshotSink sink) {
        if (paused.getAsBoolean()) {
            throw failed("it is paused, and its guest can let go of nothing: resume it first", null);
        }
        boolean[] stopped = {false};
        SaveFailedException failure = attempt(order, sink, stopped);
        if (failure == null && order.thenQuit()) {
            return;
        }
        goOn(stopped[0]);
        disks.abandon();
        if (failure != null) {
            throw failure;
        }
    }

    private SaveFailedException attempt(SnapshotOrder order, SnapshotSink sink, boolean[] stopped) {
        try (StateTeller teller = teller(order)) {
            disks.prepare(order.overlays(), order.bases());
            sink.unplugs();
            unplug(order);
            stillSince = System.nanoTime();
            qmp.ask("stop");
            stopped[0] = true;
            if (disks.freeze()) {
                sink.disksFrozen();
            }
            teller.tell(sink);
            sink.standsStill();
            return null;
        } catch (SaveFailedException e) {
            return e;
        } catch (VmLostException e) {
            throw e;
        } catch (QmpException e) {
            return failed(e.getMessage(), e);
        } catch (VmetteException e) {
            return failed(e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            return failed(Reasons.of(e), e);
        }
    }

    private StateTeller teller(SnapshotOrder order) throws QmpException, IOException {
        return launch.memory() instanceof MemoryBacking.PrivateFile
                ? Flatten.begin(launch, qmp, second, order.memory().orElseThrow())
                : new OwnState(qmp, launch.stateSocket());
    }

    private void unplug(SnapshotOrder order) throws QmpException {
        try {
            plug.unplug(order.unplugTimeout());
        } catch (TimeoutException e) {
            CompletionStage<JsonNode> gone = plug.whenGone();
            gone.thenRun(this::onGoneLate);
            throw failed(
                    "its guest did not let go of the vsock device within "
                            + order.unplugTimeout().toMillis()
                            + " ms: it hangs, is busy, or its kernel has no ACPI hotplug",
                    e);
        }
    }

    /** What the guest lets go of in vain it gets back, from a thread that may block. */
    private void onGoneLate() {
        Thread thread = new Thread(
                () -> {
                    try {
                        synchronized (this) {
                            plug.plugIfGone();
                        }
                    } catch (QmpException | TimeoutException | VmetteException e) {
                        LOG.warn(
                                "the vsock device of VM {} was let go of late, and is lost: {}",
                                launch.name(),
                                e.getMessage());
                    }
                },
                "vmette-plug-" + launch.name());
        thread.setDaemon(true);
        thread.start();
    }

    private void goOn(boolean stopped) {
        try {
            plug.plug();
            if (stopped) {
                qmp.ask("cont");
                LOG.debug(
                        "VM {} stood still for {} us",
                        launch.name(),
                        TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - stillSince));
            }
        } catch (QmpException | VmetteException e) {
            throw e instanceof VmLostException lost
                    ? lost
                    : new VmLostException(
                            "VM " + launch.name() + " cannot go on after a save: " + e.getMessage() + "; it is ended",
                            e);
        }
    }

    private SaveFailedException failed(String why, Throwable cause) {
        return new SaveFailedException("VM " + launch.name() + " was not saved and goes on: " + why, cause);
    }
}
