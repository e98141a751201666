package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VsockException;
import vmette.memory.MappedGuestMemory;

/** How many bytes of heap the device loop allocates for a byte from the guest: the array that is handed over, and little else. */
class AllocationTest {
    private static final int GUEST = 1024;
    private static final int HOST = 7000;
    private static final int PIECE = 64 * 1024;
    private static final int PIECES = 1024;
    private static final int WARM = 64;
    private static final double MOST = 1.07;

    @TempDir
    Path directory;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final Counter counter = new Counter();
    private long allocated;
    private DeviceLoop loop;
    private VsockDevice device;
    private RingGuest guest;

    @BeforeEach
    void start() {
        loop = new DeviceLoop(System::nanoTime, failure -> {});
        device = new VsockDevice(RingGuest.CID, VsockLimits.defaults(new VsockBudget(1 << 30)), loop);
        device.listen(directory.resolve("vs"), peer -> MappedGuestMemory::open, pid -> true);
        step();
        guest = RingGuest.connect(directory.resolve("vs"), this::step);
        device.host().listen(HOST, 1, request -> request.accept(counter));
        guest.dial(GUEST, HOST);
        send(WARM);
    }

    @AfterEach
    void close() {
        device.close();
        step();
        guest.close();
        loop.close();
    }

    /** What the loop does, and what it allocates. */
    private void step() {
        long before = threads.getCurrentThreadAllocatedBytes();
        boolean more;
        do {
            more = loop.doWork(Duration.ZERO);
        } while (more);
        allocated += threads.getCurrentThreadAllocatedBytes() - before;
    }

    private void send(int pieces) {
        byte[] piece = new byte[PIECE];
        for (int i = 0; i < pieces; i++) {
            guest.write(GUEST, HOST, piece);
        }
        long expected = counter.received + (long) pieces * PIECE;
        for (int turn = 0; counter.received < expected; turn++) {
            assertThat(turn).as("turns").isLessThan(100 * pieces);
            guest.turn();
            step();
        }
    }

    @Test
    void aByteFromTheGuestCostsLittleMoreThanItself() {
        allocated = 0;
        send(PIECES);
        assertThat((double) allocated / ((long) PIECES * PIECE))
                .as("bytes allocated for each byte received")
                .isBetween(1.0, MOST);
    }

    /** Asks for more whenever something comes, and keeps nothing. */
    private static final class Counter implements VsockChannelHandler {
        private static final int REQUEST = 256 * 1024;

        private VsockChannel channel;
        private long received;

        @Override
        public void onOpen(VsockChannel opened) {
            channel = opened;
            channel.request(REQUEST);
        }

        @Override
        public void onData(byte[] chunk) {
            received += chunk.length;
            channel.request(REQUEST);
        }

        @Override
        public void onWritable() {}

        @Override
        public void onEnd() {}

        @Override
        public void onOutputRefused() {}

        @Override
        public void onClosed() {}

        @Override
        public void onReset(VsockException cause) {}
    }
}
