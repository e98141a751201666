package vmette.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.memory.GuestRam;
import vmette.memory.TornMemory;

/** A ring whose 2-byte numbers tear, with a driver that goes on between any two bytes of what the device copies. */
class TornRingsPropertyTest {
    private static final long BASE = 0x10_0000;
    private static final int SIZE = 16;
    private static final int CHAINS = 600;

    private static final class Driver {
        private final GuestDriver ring;
        private final Random random;
        private int given;
        private int taken;
        private boolean kicked;

        Driver(GuestDriver ring, Random random) {
            this.ring = ring;
            this.random = random;
        }

        void act() {
            int choice = random.nextInt(6);
            if (choice < 2) {
                offer();
            } else if (choice == 2) {
                reap();
            }
        }

        void offer() {
            for (int i = 1 + random.nextInt(SIZE); i > 0 && given < CHAINS && ring.freeDescriptors() > 0; i--) {
                ring.addReadable(new byte[] {(byte) given++});
            }
            kicked |= ring.publish();
        }

        void reap() {
            do {
                while (ring.poll().isPresent()) {
                    taken++;
                }
                ring.armCalls();
            } while (ring.hasUsed());
        }
    }

    /** From shortly before an index changes both its bytes; a lost wake-up would leave both sides asleep. */
    @Property(tries = 200)
    void everyChainComesBackOnceAndInOrder(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll @IntRange(max = 255) int high) {
        int start = (high << 8 | 0xf8) & 0xffff;
        try (GuestRam ram = GuestRam.create(BASE, GuestDriver.bytes(SIZE))) {
            GuestDriver ring = new GuestDriver(ram.memory(), BASE, SIZE, eventIdx);
            ring.startAt(start);
            ring.setUsedEvent(start);
            Driver driver = new Driver(ring, random);
            SplitVirtqueue queue = ring.queue(TornMemory.over(ram, driver::act), true);
            queue.setBase(start);
            // The driver may kick meanwhile, and that counts.
            boolean waiting = queue.enableKicks();
            driver.kicked |= waiting;
            int served = 0;
            boolean called = false;
            for (int idle = 0; driver.taken < CHAINS; idle++) {
                assertThat(idle).as("turns in which nobody woke up").isLessThan(3);
                driver.offer();
                if (driver.kicked) {
                    driver.kicked = false;
                    idle = 0;
                    do {
                        queue.disableKicks();
                        for (DescriptorChain chain = queue.pop(); chain != null; chain = queue.pop()) {
                            byte[] number = new byte[1];
                            assertThat(chain.read(0, number, 0, 1)).isEqualTo(1);
                            assertThat(number[0]).isEqualTo((byte) served++);
                            queue.push(chain, 0);
                            called |= queue.publish();
                        }
                    } while (queue.enableKicks());
                }
                if (called) {
                    called = false;
                    idle = 0;
                    driver.reap();
                }
            }
            assertThat(served).isEqualTo(driver.given).isEqualTo(CHAINS);
            assertThat(queue.base()).isEqualTo((start + CHAINS) & 0xffff);
        }
    }
}
