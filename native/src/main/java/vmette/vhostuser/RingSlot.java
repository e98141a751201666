package vmette.vhostuser;

import java.util.Objects;
import java.util.Optional;
import vmette.linux.EventFd;
import vmette.linux.LinuxException;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestMemoryLostException;
import vmette.virtio.SplitVirtqueue;
import vmette.virtio.Virtio;
import vmette.virtio.VirtqueueException;

/**
 * All that the front-end has said about one ring, and the ring while it runs. Owns the three eventfds.
 */
final class RingSlot implements AutoCloseable {
    private final int index;
    private int size;
    private int base;
    private VhostUserCodec.VringAddresses addresses;
    private boolean enabled;
    private EventFd kick;
    private EventFd call;
    private EventFd error;
    private Vring running;

    RingSlot(int index) {
        this.index = index;
    }

    int index() {
        return index;
    }

    boolean isRunning() {
        return running != null;
    }

    void setSize(int size) {
        requireIdle("size");
        this.size = size;
    }

    void setBase(int base) {
        requireIdle("base");
        this.base = base;
    }

    void setAddresses(VhostUserCodec.VringAddresses given) {
        // a running ring is told its addresses again when logging is switched
        if (!given.equals(addresses)) {
            requireIdle("addresses");
        }
        addresses = given;
    }

    private void requireIdle(String what) {
        if (running != null) {
            throw new VhostUserException("the " + what + " of ring " + index + " was changed while it runs");
        }
    }

    void setEnabled(boolean enabled) {
        this.enabled = enabled;
    }

    boolean isEnabled() {
        return enabled;
    }

    /** Takes over the descriptor; the ring must not run. */
    void setKick(EventFd given) {
        closeIfOpen(kick);
        kick = given;
    }

    /** Takes over the descriptor, null for a driver that polls. */
    void setCall(EventFd given) {
        closeIfOpen(call);
        call = given;
    }

    /** Takes over the descriptor, null for none. */
    void setError(EventFd given) {
        closeIfOpen(error);
        error = given;
    }

    private static void closeIfOpen(EventFd eventFd) {
        if (eventFd != null) {
            eventFd.close();
        }
    }

    /** Whether the front-end has said all that is needed to run it, apart from being enabled. */
    boolean isSetUp() {
        return kick != null && size > 0 && addresses != null;
    }

    Vring start(GuestMemory memory, long features) {
        if (size > Virtio.MAX_QUEUE_SIZE) {
            throw new VhostUserException("ring " + index + " has size " + size);
        }
        SplitVirtqueue queue = lay(memory, features);
        queue.setBase(base);
        queue.enableKicks();
        running = new Vring(index, queue, this::callDriver);
        return running;
    }

    /** Where a ring lies is the driver's choice; the front-end passes on even what is no memory. */
    private SplitVirtqueue lay(GuestMemory memory, long features) {
        try {
            return new SplitVirtqueue(
                    memory,
                    size,
                    memory.translateUser(addresses.descriptors(), SplitVirtqueue.descriptorBytes(size)),
                    memory.translateUser(addresses.available(), SplitVirtqueue.availBytes(size)),
                    memory.translateUser(addresses.used(), SplitVirtqueue.usedBytes(size)),
                    (features & Virtio.F_EVENT_IDX) != 0,
                    (features & Virtio.F_INDIRECT_DESC) != 0);
        } catch (GuestMemoryLostException e) {
            throw e;
        } catch (GuestMemoryException e) {
            throw new VirtqueueException("ring " + index + " lies outside the guest's memory: " + e.getMessage());
        }
    }

    /** Ends the run: shows the driver what was returned, remembers where to resume. */
    void stop() {
        Vring ring = Objects.requireNonNull(running, "not running");
        running = null;
        ring.publish();
        base = ring.queue().base();
        ring.queue().stop();
    }

    int base() {
        return base;
    }

    Optional<EventFd> kick() {
        return Optional.ofNullable(kick);
    }

    private void callDriver() {
        if (call != null) {
            call.signal();
        }
    }

    /** Tells the front-end that the ring is broken, if it wants to know. */
    void signalError() {
        if (error != null) {
            try {
                error.signal();
            } catch (LinuxException e) {
                // the session is ending anyway, and the socket's end says the same
                error.close();
                error = null;
            }
        }
    }

    @Override
    public void close() {
        setKick(null);
        setCall(null);
        setError(null);
    }
}
