package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterProperty;
import vmette.memory.GuestRam;
import vmette.vhostuser.Vring;
import vmette.virtio.GuestDriver;
import vmette.virtio.SplitVirtqueue;

/** The pump between two real rings in shared memory and a muxer; no front-end. */
class RingPumpTest {
    private static final int SIZE = 16;
    private static final int HOST = 7000;

    private final GuestRam ram = GuestRam.create(0, 2 * GuestDriver.bytes(SIZE));
    private final MuxerHarness harness = new MuxerHarness();
    private final RingPump pump = new RingPump(harness.muxer, harness.limits.maxChainsPerTurn());
    private int calls;
    private GuestDriver rx;
    private GuestDriver tx;
    private SplitVirtqueue rxQueue;
    private SplitVirtqueue txQueue;

    @AfterProperty
    void close() {
        ram.close();
    }

    private void start(int index, boolean eventIdx) {
        rx = new GuestDriver(ram.memory(), 0, SIZE, eventIdx);
        tx = new GuestDriver(ram.memory(), GuestDriver.bytes(SIZE), SIZE, eventIdx);
        rxQueue = at(rx, index);
        txQueue = at(tx, index);
        pump.started(new Vring(RingPump.RX, rxQueue, () -> calls++));
        pump.started(new Vring(RingPump.TX, txQueue, () -> calls++));
    }

    private SplitVirtqueue at(GuestDriver driver, int index) {
        driver.startAt(index);
        SplitVirtqueue queue = driver.queue(ram.memory(), true);
        queue.setBase(index);
        return queue;
    }

    private static byte[] packet(VsockOp op, int guestPort, int payload) {
        byte[] bytes = new byte[VsockHeader.BYTES + payload];
        MuxerHarness.header(op, guestPort, HOST, 0, payload, 1 << 20, 0).encode(bytes);
        return bytes;
    }

    /** Also across the wrap of the ring's 16-bit index, which a run of these passes. */
    @Property(tries = 60)
    void everyChainComesBackExactlyOnce(@ForAll long seed, @ForAll boolean eventIdx) {
        Random random = new Random(seed);
        start(65_535 - random.nextInt(200), eventIdx);
        int txAdded = 0;
        int txBack = 0;
        for (int round = 0; round < 100; round++) {
            for (int i = random.nextInt(4); i > 0 && tx.freeDescriptors() > 4; i--) {
                addTx(random);
                txAdded++;
            }
            for (int i = random.nextInt(6); i > 0 && rx.freeDescriptors() > 0; i--) {
                rx.addWritable(new int[] {1, 43, 44, 45, 4140}[random.nextInt(5)]);
            }
            tx.publish();
            rx.publish();
            for (int turns = 0; pump.turn(); turns++) {
                assertThat(turns).isLessThan(1000);
            }
            assertThat(txQueue.held()).isZero();
            assertThat(rxQueue.held()).isZero();
            while (tx.poll().isPresent()) {
                txBack++;
            }
            for (Optional<GuestDriver.Used> used = rx.poll(); used.isPresent(); used = rx.poll()) {
                assertThat(used.get().written() == 0 || used.get().written() >= VsockHeader.BYTES)
                        .isTrue();
            }
        }
        while (rx.freeDescriptors() > 0) {
            rx.addWritable(4140);
        }
        rx.publish();
        boolean more;
        do {
            more = pump.turn();
        } while (more);
        while (tx.poll().isPresent()) {
            txBack++;
        }
        assertThat(txBack).isEqualTo(txAdded);
        assertThat(txQueue.hasAvailable()).isFalse();
        pump.stopped(RingPump.RX);
        pump.stopped(RingPump.TX);
    }

    @Example
    void ofARingThatIsStoppedInOrderOneTurnIsTaken() {
        start(0, false);
        RingPump lazy = new RingPump(harness.muxer, 3);
        lazy.started(new Vring(RingPump.RX, rxQueue, () -> {}));
        lazy.started(new Vring(RingPump.TX, txQueue, () -> {}));
        for (int i = 0; i < SIZE; i++) {
            tx.addReadable(packet(VsockOp.RST, i, 0));
        }
        tx.publish();
        lazy.stopping(RingPump.RX);
        assertThat(tx.poll()).isEmpty();
        lazy.stopped(RingPump.RX);
        lazy.stopping(RingPump.TX);
        for (int i = 0; i < 3; i++) {
            assertThat(tx.poll()).isPresent();
        }
        assertThat(tx.poll()).isEmpty();
        lazy.stopped(RingPump.TX);
    }

    /** What was sent by one that was reset is nothing to connections of the former. */
    @Example
    void ofADriverThatBeganAnewNothingIsTakenBeforeBothRingsAreThere() {
        start(7, false);
        pump.stopping(RingPump.TX);
        pump.stopped(RingPump.RX);
        pump.stopped(RingPump.TX);
        tx.startAt(0);
        SplitVirtqueue again = tx.queue(ram.memory(), true);
        pump.started(new Vring(RingPump.TX, again, () -> {}));
        tx.addReadable(packet(VsockOp.RST, 1, 0));
        tx.publish();
        pump.stopping(RingPump.TX);
        assertThat(tx.poll()).isEmpty();
        pump.stopped(RingPump.TX);
    }

    /** The device looks only when it was kicked, the driver only when it was called; also across the wrap of the index. */
    @Property(tries = 60)
    void noKickAndNoCallIsLost(@ForAll long seed, @ForAll boolean eventIdx) {
        Random random = new Random(seed);
        start(65_535 - random.nextInt(100), eventIdx);
        int[] called = new int[2];
        RingPump lazy = new RingPump(harness.muxer, 1 + random.nextInt(8));
        lazy.started(new Vring(RingPump.RX, rxQueue, () -> called[RingPump.RX]++));
        lazy.started(new Vring(RingPump.TX, txQueue, () -> called[RingPump.TX]++));
        drive(lazy);
        int sent = 0;
        int back = 0;
        for (int round = 0; round < 400; round++) {
            boolean kicked = false;
            for (int i = random.nextInt(4); i > 0 && tx.freeDescriptors() > 4; i--) {
                tx.addReadable(packet(VsockOp.RW, random.nextInt(50), 0));
                sent++;
                kicked |= tx.publish();
            }
            for (int i = random.nextInt(4); i > 0 && rx.freeDescriptors() > 0; i--) {
                rx.addWritable(4140);
                kicked |= rx.publish();
            }
            if (kicked) {
                drive(lazy);
            }
            assertThat(txQueue.hasAvailable() && harness.muxer.mayReceive())
                    .as("a packet lies there and nobody knows of it")
                    .isFalse();
            assertThat(rxQueue.hasAvailable() && harness.muxer.rx().hasPacket())
                    .as("a buffer lies there and nobody knows of it")
                    .isFalse();
            back += reap(tx, called, RingPump.TX, eventIdx);
            reap(rx, called, RingPump.RX, eventIdx);
        }
        assertThat(sent - back).as("chains in the ring").isLessThanOrEqualTo(SIZE);
        pump.forget();
    }

    private static void drive(RingPump lazy) {
        boolean more;
        do {
            more = lazy.turn();
        } while (more);
    }

    /** What Linux does in its interrupt: takes all, asks for calls again, and looks once more. */
    private static int reap(GuestDriver driver, int[] called, int ring, boolean eventIdx) {
        int taken = 0;
        if (called[ring] > 0) {
            called[ring] = 0;
            do {
                while (driver.poll().isPresent()) {
                    taken++;
                }
                if (eventIdx) {
                    driver.armCalls();
                }
            } while (driver.hasUsed());
        }
        assertThat(driver.hasUsed())
                .as("a chain came back and the driver was not called")
                .isFalse();
        return taken;
    }

    private void addTx(Random random) {
        byte[] packet = packet(VsockOp.of(random.nextInt(8)), random.nextInt(50), random.nextInt(300));
        byte[] cut = Arrays.copyOf(packet, random.nextInt(4) == 0 ? 1 + random.nextInt(packet.length) : packet.length);
        int at = random.nextInt(cut.length);
        List<byte[]> parts = new ArrayList<>();
        if (at > 0) {
            parts.add(Arrays.copyOf(cut, at));
        }
        parts.add(Arrays.copyOfRange(cut, at, cut.length));
        List<Integer> writable = random.nextInt(6) == 0 ? List.of(10) : List.of();
        if (random.nextBoolean()) {
            tx.add(parts, writable);
        } else {
            tx.addIndirect(parts, writable);
        }
    }

    @Example
    void aTurnTakesOnlySoManyChainsAndCallsOnce() {
        RingPump small = new RingPump(harness.muxer, 3);
        start(0, false);
        small.started(new Vring(RingPump.RX, rxQueue, () -> calls++));
        small.started(new Vring(RingPump.TX, txQueue, () -> calls++));
        for (int i = 0; i < 4; i++) {
            tx.addReadable(packet(VsockOp.RST, i, 0));
        }
        tx.publish();
        assertThat(small.turn()).isTrue();
        assertThat(tx.deviceUsedIndex()).isEqualTo(3);
        assertThat(calls).isEqualTo(1);
        assertThat(small.turn()).isFalse();
        assertThat(tx.deviceUsedIndex()).isEqualTo(4);
    }

    @Example
    void kicksAreAskedForWhenTheyMatter() {
        start(0, false);
        pump.turn();
        rx.addWritable(4140);
        assertThat(rx.publish()).as("nothing waits for an RX buffer").isFalse();
        tx.addReadable(packet(VsockOp.RW, 1, 0));
        assertThat(tx.publish()).as("the guest speaks").isTrue();
        pump.turn();
        tx.addReadable(packet(VsockOp.RW, 2, 0));
        tx.publish();
        pump.turn();
        rx.addWritable(4140);
        assertThat(rx.publish()).as("an RST waits for a buffer").isTrue();
        pump.turn();
        assertThat(rx.deviceUsedIndex()).isEqualTo(2);
    }

    @Example
    void nothingHappensBeforeBothRingsAreThere() {
        start(0, false);
        pump.stopped(RingPump.TX);
        rx.addWritable(4140);
        rx.publish();
        harness.host.connect(1, Duration.ofSeconds(1), new RecordingHandler());
        assertThat(pump.turn()).isFalse();
        assertThat(rx.deviceUsedIndex()).isZero();
        pump.started(new Vring(RingPump.TX, txQueue, () -> {}));
        pump.turn();
        assertThat(rx.deviceUsedIndex()).isEqualTo(1);
    }
}
