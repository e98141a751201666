package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestRam;
import vmette.vhostuser.Vring;
import vmette.virtio.GuestDriver;
import vmette.virtio.SplitVirtqueue;
import vmette.virtio.Virtio;
import vmette.virtio.VirtqueueException;

/** A {@link HostilePlay} over two real rings, into which the guest writes what it likes, not always what a driver may. */
final class HostileRings implements AutoCloseable {
    static final int SIZE = 16;
    static final int MAX_CHAINS = 3;

    private static final int[] LENGTHS = {0, 1, 43, 44, 45, 60, 4140};

    private final GuestRam ram = GuestRam.create(0, 2 * GuestDriver.bytes(SIZE));
    private final HostilePlay play;
    private final RingPump pump;
    private final Side rx;
    private final Side tx;
    private boolean more;

    /** One ring, and what came back through it so far. */
    private final class Side {
        private final int index;
        private final GuestDriver driver;
        private final SplitVirtqueue queue;
        private final int[] heads = new int[0x10000];
        private int made;
        private int returned;
        private boolean orderly = true; // no entry of the available ring was overwritten before its turn

        private Side(int index, long address, boolean eventIdx, int start) {
            this.index = index;
            driver = new GuestDriver(ram.memory(), address, SIZE, eventIdx);
            driver.startAt(start);
            queue = driver.queue(ram.memory(), true);
            queue.setBase(start);
            made = start;
            returned = start;
        }

        private void offer(int head) {
            orderly &= underWay() < SIZE;
            driver.putAvailable(head);
            heads[made & 0xffff] = head & 0xffff;
            made++;
        }

        private int underWay() {
            return (made - returned) & 0xffff;
        }

        /** What came back is what was made available, in order, no more than a turn may take, and nothing is kept. */
        private void check(GuestMemory memory) {
            int fresh = (driver.deviceUsedIndex() - returned) & 0xffff;
            assertThat(fresh).as("chains of ring %s in one turn", index).isLessThanOrEqualTo(MAX_CHAINS);
            for (int i = 0; i < fresh; i++, returned++) {
                long element = driver.usedAddress() + 4 + 8L * (returned & (SIZE - 1));
                if (orderly) {
                    assertThat(memory.getInt(element)).isEqualTo(heads[returned & 0xffff]);
                }
                int written = memory.getInt(element + 4);
                if (index == RingPump.TX) {
                    assertThat(written).isZero();
                } else if (written != 0) {
                    assertThat(written).isBetween(VsockHeader.BYTES, VsockHeader.BYTES + 2 * GuestDriver.SLOT);
                }
            }
            assertThat(queue.held()).as("chains kept of ring %s", index).isZero();
        }
    }

    /** @param start where the rings' indexes begin, 0 to 65535 */
    HostileRings(int counterStart, int start, boolean eventIdx) {
        play = new HostilePlay(counterStart);
        pump = new RingPump(play.harness.muxer, MAX_CHAINS);
        rx = new Side(RingPump.RX, 0, eventIdx, start);
        tx = new Side(RingPump.TX, GuestDriver.bytes(SIZE), eventIdx, start);
        pump.started(new Vring(RingPump.RX, rx.queue, () -> {}));
        pump.started(new Vring(RingPump.TX, tx.queue, () -> {}));
    }

    /** One step; false if the guest has broken a ring, which ends a device. */
    boolean step(Random random, boolean breaking) {
        switch (random.nextInt(10)) {
            case 0, 1, 2 -> {
                // a packet may take two descriptors
                if (breaking || tx.underWay() < SIZE / 2) {
                    sendPacket(random);
                }
            }
            case 3 -> {
                if (!breaking && rx.underWay() == SIZE) {
                    return true;
                }
                rx.driver.putDescriptor(
                        rx.made & (SIZE - 1),
                        rx.driver.bufferAddress(rx.made & (SIZE - 1)),
                        LENGTHS[random.nextInt(LENGTHS.length)],
                        Virtio.DESC_F_WRITE,
                        0);
                rx.offer(rx.made & (SIZE - 1));
            }
            case 4 -> {
                if (breaking) {
                    scribble(random.nextBoolean() ? rx : tx, random);
                }
            }
            case 5 -> play.clientAction(random);
            default -> {
                return turn();
            }
        }
        play.checkBounds();
        return true;
    }

    private void sendPacket(Random random) {
        byte[] payload = HostilePlay.payload(random);
        byte[] packet = new byte[VsockHeader.BYTES + payload.length];
        HostilePlay.header(random, payload.length).encode(packet);
        int length = random.nextInt(8) == 0 ? random.nextInt(packet.length + 1) : packet.length;
        int cut = random.nextInt(3) == 0 ? random.nextInt(length + 1) : 0;
        int first = tx.made & (SIZE - 1);
        int second = (first + SIZE / 2) & (SIZE - 1);
        ram.memory().write(tx.driver.bufferAddress(first), packet, 0, cut == 0 ? length : cut);
        if (cut == 0) {
            tx.driver.putDescriptor(first, tx.driver.bufferAddress(first), length, 0, 0);
        } else {
            tx.driver.putDescriptor(first, tx.driver.bufferAddress(first), cut, Virtio.DESC_F_NEXT, second);
            ram.memory().write(tx.driver.bufferAddress(second), packet, cut, length - cut);
            tx.driver.putDescriptor(second, tx.driver.bufferAddress(second), length - cut, 0, 0);
        }
        tx.offer(first);
    }

    private void scribble(Side side, Random random) {
        int index = random.nextInt(SIZE);
        long address = random.nextInt(4) == 0 ? random.nextLong() : side.driver.bufferAddress(random.nextInt(SIZE));
        int length = random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(256);
        side.driver.putDescriptor(index, address, length, random.nextInt(8), random.nextInt(SIZE + 1));
        switch (random.nextInt(8)) {
            case 0 -> {
                side.driver.forceAvailIndex(random.nextInt());
                side.orderly = false;
            }
            case 1 -> side.offer(random.nextInt());
            case 2 -> ram.memory().putShort(side.driver.availAddress(), (short) random.nextInt());
            default -> side.offer(index);
        }
    }

    private boolean turn() {
        rx.driver.publish();
        tx.driver.publish();
        try {
            more = pump.turn();
        } catch (VirtqueueException | GuestMemoryException e) {
            assertThat(rx.queue.held() + tx.queue.held()).as("chains kept").isZero();
            return false;
        }
        rx.check(ram.memory());
        tx.check(ram.memory());
        play.checkBounds();
        if (!more && play.harness.muxer.mayReceive()) {
            assertThat(tx.underWay()).as("TX chains left lying").isZero();
        }
        if (!more && play.harness.muxer.rx().hasPacket()) {
            assertThat(rx.underWay()).as("RX buffers left lying").isZero();
        }
        return true;
    }

    /** How far the rings have come. */
    int returned() {
        return Math.max(rx.returned, tx.returned);
    }

    void end() {
        play.end();
    }

    @Override
    public void close() {
        ram.close();
    }
}
