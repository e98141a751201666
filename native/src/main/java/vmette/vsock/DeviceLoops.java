package vmette.vsock;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The device loops of a process, each a thread of its own; devices are spread over them in turn. One that has failed is replaced when its turn
 * comes, so that what is recovered is not served by a thread that is gone. Thread-safe.
 */
public final class DeviceLoops implements AutoCloseable {
    private final List<DeviceLoop> loops;
    private final Supplier<DeviceLoop> replacements;
    private int next;
    private boolean closed;

    DeviceLoops(List<DeviceLoop> loops, Supplier<DeviceLoop> replacements) {
        this.loops = new ArrayList<>(loops);
        this.replacements = replacements;
    }

    /**
     * Starts them.
     *
     * @param count at least 1
     * @param onFailure see {@link DeviceLoop#DeviceLoop}
     */
    public static DeviceLoops start(int count, Consumer<Throwable> onFailure) {
        if (count < 1) {
            throw new IllegalArgumentException("there must be at least 1 device loop, not " + count);
        }
        Supplier<DeviceLoop> starting = () -> {
            DeviceLoop loop = new DeviceLoop(System::nanoTime, onFailure);
            loop.start();
            return loop;
        };
        return new DeviceLoops(Stream.generate(starting).limit(count).toList(), starting);
    }

    /** The loop that the next device belongs on. */
    public synchronized DeviceLoop next() {
        int place = next;
        next = (next + 1) % loops.size();
        if (!closed && loops.get(place).hasFailed()) {
            loops.set(place, replacements.get());
        }
        return loops.get(place);
    }

    /** Ends them all with the devices they serve, and waits until that is done. Idempotent. */
    @Override
    public void close() {
        List<DeviceLoop> ending;
        synchronized (this) {
            closed = true;
            ending = List.copyOf(loops);
        }
        ending.forEach(DeviceLoop::close);
    }
}
