package vmette.bench;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** When the events of one launch happened, in milliseconds since its begin. Thread-safe; the first time of an event counts. */
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
    private final Map<Event, Double> times = new ConcurrentHashMap<>();

    void mark(Event event) {
        times.putIfAbsent(event, BareQemu.millisSince(begun));
    }

    /** By event; one that was not seen is missing. */
    Map<Event, Double> times() {
        return Map.copyOf(times);
    }
}
