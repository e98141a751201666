package vmette.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import vmette.memory.GuestRam;
import vmette.virtio.DescriptorChain;
import vmette.virtio.GuestDriver;
import vmette.virtio.SplitVirtqueue;

/** One chain through a virtqueue: made available by a driver, popped, read, returned and published. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RingBenchmark {
    private static final int SIZE = 128;

    /** Bytes of the chain. */
    @Param({"44", "4096", "65536"})
    public int bytes;

    private GuestRam ram;
    private GuestDriver driver;
    private SplitVirtqueue queue;
    private byte[] data;
    private byte[] target;

    /** Lays the ring out. */
    @Setup
    public void open() {
        ram = GuestRam.create(0, 2 * GuestDriver.bytes(SIZE));
        driver = new GuestDriver(ram.memory(), 0, SIZE, true);
        queue = driver.queue(ram.memory(), false);
        data = new byte[bytes];
        target = new byte[bytes];
    }

    /** Unmaps it. */
    @TearDown
    public void close() {
        ram.close();
    }

    /** The driver's part and the device's. */
    @Benchmark
    public byte[] chain() {
        driver.addReadable(data);
        driver.publish();
        DescriptorChain chain = queue.pop();
        chain.read(0, target, 0, bytes);
        queue.push(chain, 0);
        queue.publish();
        driver.poll();
        return target;
    }
}
