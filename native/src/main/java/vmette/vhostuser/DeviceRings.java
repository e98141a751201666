package vmette.vhostuser;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.linux.EventFd;
import vmette.linux.MappingFaults;
import vmette.linux.OwnedFd;
import vmette.linux.ReadinessLoop;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRegion;

/**
 * The rings of one device and the memory they lie in. A ring runs while it is set up, enabled and memory is there; each
 * change of these starts or stops it. Owns slots and memory.
 */
final class DeviceRings implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceRings.class);

    private final VhostUserDevice device;
    private final ReadinessLoop loop;
    private final GuestMemorySource source;
    private final Consumer<Throwable> fault;
    private final RingSlot[] slots;
    private GuestMemory memory;
    private long features;
    private boolean featuresKnown;

    /** @param fault takes what a kick's handling threw; the loop never sees it */
    DeviceRings(VhostUserDevice device, ReadinessLoop loop, GuestMemorySource source, Consumer<Throwable> fault) {
        this.device = device;
        this.loop = loop;
        this.source = source;
        this.fault = fault;
        slots = new RingSlot[device.queueCount()];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = new RingSlot(i);
        }
    }

    int count() {
        return slots.length;
    }

    RingSlot slot(int index) {
        if (index < 0 || index >= slots.length) {
            throw new VhostUserException(
                    "there is no ring " + Integer.toUnsignedString(index) + ", the device has " + slots.length);
        }
        return slots[index];
    }

    void setFeatures(long acknowledged) {
        if (featuresKnown && features == acknowledged) {
            return;
        }
        stopAll();
        features = acknowledged;
        featuresKnown = true;
        startReady();
    }

    void setMemory(List<GuestRegion> regions, List<OwnedFd> files) {
        stopAll();
        closeMemory();
        memory = source.open(regions, files);
        startReady();
    }

    void setEnabled(int index, boolean enabled) {
        RingSlot slot = slot(index);
        slot.setEnabled(enabled);
        if (!enabled) {
            stopUnlessImplied(slot);
        }
        startReady();
    }

    // without protocol features a ring is enabled whatever was said
    private void stopUnlessImplied(RingSlot slot) {
        if (!isEnabled(slot)) {
            stopInOrder(slot);
        }
    }

    void setKick(int index, EventFd kick) {
        RingSlot slot = slot(index);
        try {
            stop(slot);
        } finally {
            slot.setKick(kick);
        }
        startReady();
    }

    /** GET_VRING_BASE: the ring stays stopped until it gets a new kick descriptor. */
    int takeBase(int index) {
        RingSlot slot = slot(index);
        stopInOrder(slot);
        slot.setKick(null);
        return slot.base();
    }

    /** RESET_OWNER: all rings disabled. */
    void disableAll() {
        stopAll();
        for (RingSlot slot : slots) {
            slot.setEnabled(false);
        }
    }

    private boolean isEnabled(RingSlot slot) {
        return slot.isEnabled() || (features & VhostUser.F_PROTOCOL_FEATURES) == 0;
    }

    private void startReady() {
        for (RingSlot slot : slots) {
            if (!slot.isRunning() && slot.isSetUp() && isEnabled(slot) && memory != null && featuresKnown) {
                start(slot);
            }
        }
    }

    private void start(RingSlot slot) {
        Vring ring = slot.start(memory, features);
        EventFd kick = slot.kick().orElseThrow();
        try {
            loop.watch(kick.fd(), () -> onKick(slot, kick));
        } catch (RuntimeException e) {
            // nobody was told that it runs, so nobody is told that it does not
            slot.stop();
            throw e;
        }
        LOG.debug("ring {} starts at {}", slot.index(), ring.queue().base());
        device.ringStarted(slot.index(), ring);
    }

    private void onKick(RingSlot slot, EventFd kick) {
        try {
            kick.drain();
            if (slot.isRunning()) {
                device.ringKicked(slot.index());
                MappingFaults.surface();
            }
        } catch (Throwable e) {
            slot.signalError();
            fault.accept(e);
        }
    }

    private void stopAll() {
        for (RingSlot slot : slots) {
            stop(slot);
        }
    }

    /** Its last kick may have come with what stops it, and not have been served. */
    private void stopInOrder(RingSlot slot) {
        if (slot.isRunning()) {
            device.ringStopping(slot.index());
            MappingFaults.surface();
            stop(slot);
        }
    }

    private void stop(RingSlot slot) {
        if (!slot.isRunning()) {
            return;
        }
        loop.unwatch(slot.kick().orElseThrow().fd());
        try {
            slot.stop();
        } finally {
            LOG.debug("ring {} stops at {}", slot.index(), slot.base());
            device.ringStopped(slot.index());
        }
    }

    private void closeMemory() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }

    /** Stops everything and lets go of it, whatever a device throws meanwhile. */
    @Override
    public void close() {
        List<Throwable> thrown = new ArrayList<>(0);
        for (RingSlot slot : slots) {
            try {
                stop(slot);
                MappingFaults.surface();
            } catch (Throwable e) {
                thrown.add(e);
            }
            slot.close();
        }
        closeMemory();
        for (Throwable e : thrown) {
            LOG.debug("a ring's stop failed", e);
        }
    }
}
