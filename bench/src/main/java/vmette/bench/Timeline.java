package vmette.bench;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;

/**
 * When the events of one launch happened, in milliseconds since its begin, and what its QEMU had cost by then. Thread-safe; the
 * first time of an event counts.
 */
final class Timeline {
    /** What can be seen of a launch from outside the product, in the order in which it happens. */
    enum Event {
        SPAWNED("a child process is there"),
        EXECUTED("it has become QEMU"),
        VSOCK_CONNECTED("QEMU has connected its vsock device"),
        MONITOR_CONNECTED("QEMU has connected its monitor"),
        DRIVER_UP("the guest's vsock driver has started its rings"),
        READY("the agent is ready"),
        STARTED("the command runs"),
        FIRST_BYTE("its first byte is at the sink");

        private final String text;

        Event(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    private final long begun = System.nanoTime();
    private final DoubleSupplier cost;
    private final Map<Event, Double> times = new ConcurrentHashMap<>();
    private final Map<Event, Double> costs = new ConcurrentHashMap<>();

    /** @param cost milliseconds of processor time, asked for at each event */
    Timeline(DoubleSupplier cost) {
        this.cost = cost;
    }

    void mark(Event event) {
        if (times.putIfAbsent(event, BareQemu.millisSince(begun)) == null) {
            costs.put(event, cost.getAsDouble());
        }
    }

    /** By event, as {@link #times}. */
    Map<Event, Double> costs() {
        return Map.copyOf(costs);
    }

    /** By event; one that was not seen is missing. */
    Map<Event, Double> times() {
        return Map.copyOf(times);
    }
}
