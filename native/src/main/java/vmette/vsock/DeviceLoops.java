package vmette.vsock;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** The device loops of a process, each a thread of its own; devices are spread over them in turn. Thread-safe. */
public final class DeviceLoops implements AutoCloseable {
    private final List<DeviceLoop> loops;
    private final AtomicInteger next = new AtomicInteger();

    DeviceLoops(List<DeviceLoop> loops) {
        this.loops = loops;
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
        List<DeviceLoop> loops = IntStream.range(0, count)
                .mapToObj(i -> new DeviceLoop(System::nanoTime, onFailure))
                .toList();
        loops.forEach(DeviceLoop::start);
        return new DeviceLoops(loops);
    }

    /** The loop that the next device belongs on. */
    public DeviceLoop next() {
        return loops.get(Math.floorMod(next.getAndIncrement(), loops.size()));
    }

    /** Ends them all with the devices they serve, and waits until that is done. Idempotent. */
    @Override
    public void close() {
        loops.forEach(DeviceLoop::close);
    }
}
