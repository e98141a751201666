package vmette.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestRam;

class SplitVirtqueuePropertyTest {
    private static final long BASE = 0x10_0000;
    private static final int SIZE = 16;

    GuestRam ram(long address, long size) {
        return GuestRam.create(address, size);
    }

    /**
     * Driver and device take random turns, returning chains in any order, from any start index; the contents of each
     * chain come back changed in a known way, each exactly once, and a lost wake-up would leave work undone.
     */
    @Property(tries = 60)
    void everyChainComesBackOnceWhateverTheTurns(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll @IntRange(max = 65535) int start) {
        try (GuestRam ram = ram(BASE, GuestDriver.bytes(SIZE))) {
            GuestDriver driver = new GuestDriver(ram.memory(), BASE, SIZE, eventIdx);
            driver.startAt(start);
            SplitVirtqueue queue = driver.queue(ram.memory(), true);
            queue.setBase(start);
            queue.enableKicks();
            driver.setUsedEvent(start);
            int given = 0;
            int taken = 0;
            boolean kicked = false;
            boolean called = false;
            while (taken < 300) {
                if (random.nextBoolean()) {
                    while (given < 300 && driver.freeDescriptors() >= 4 && random.nextInt(5) != 0) {
                        give(driver, random, given++);
                    }
                    kicked |= driver.publish();
                }
                // the device runs only when kicked, the driver reaps only when called: both must not sleep for ever
                if (kicked) {
                    kicked = false;
                    called |= serve(queue, random);
                }
                if (called) {
                    called = false;
                    taken += reap(driver);
                    driver.armCalls();
                    taken += reap(driver);
                }
            }
            assertThat(taken).isEqualTo(given).isEqualTo(300);
            assertThat(queue.held()).isZero();
            assertThat(queue.base()).isEqualTo((start + 300) & 0xffff);
        }
    }

    private static void give(GuestDriver driver, Random random, int number) {
        byte[] text = new byte[1 + random.nextInt(100)];
        java.util.Arrays.fill(text, (byte) number);
        List<byte[]> out = random.nextBoolean() ? List.of(text) : List.of(text, new byte[] {(byte) number});
        List<Integer> in = random.nextBoolean() ? List.of(200) : List.of(60, 140);
        if (random.nextBoolean()) {
            driver.addIndirect(out, in);
        } else {
            driver.add(out, in);
        }
    }

    private static boolean serve(SplitVirtqueue queue, Random random) {
        boolean call = false;
        List<DescriptorChain> held = new ArrayList<>();
        do {
            queue.disableKicks();
            for (DescriptorChain chain = queue.pop(); chain != null; chain = queue.pop()) {
                held.add(chain);
                if (random.nextInt(3) == 0) {
                    answer(queue, held.remove(random.nextInt(held.size())));
                    call |= queue.publish();
                }
            }
        } while (queue.enableKicks());
        while (!held.isEmpty()) {
            answer(queue, held.remove(random.nextInt(held.size())));
        }
        boolean last = queue.publish();
        return call || last;
    }

    private static void answer(SplitVirtqueue queue, DescriptorChain chain) {
        byte[] bytes = new byte[chain.readableBytes()];
        chain.read(0, bytes, 0, bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= (byte) 0xff;
        }
        queue.push(chain, chain.write(0, bytes, 0, bytes.length));
    }

    private static int reap(GuestDriver driver) {
        int count = 0;
        for (var used = driver.poll(); used.isPresent(); used = driver.poll()) {
            byte[] data = used.get().data();
            assertThat(data).isNotEmpty().containsOnly(data[0]);
            count++;
        }
        return count;
    }

    /** The rings hold random bytes, with values biased to what is nearly right. */
    @Property(tries = 2000)
    void hostileRingsEndInTheTwoExceptionsAfterABoundedWalk(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll boolean indirect) {
        try (GuestRam ram = ram(BASE, GuestDriver.bytes(SIZE))) {
            GuestMemory memory = ram.memory();
            GuestDriver driver = new GuestDriver(memory, BASE, SIZE, eventIdx);
            SplitVirtqueue queue = driver.queue(memory, indirect);
            Deque<DescriptorChain> held = new ArrayDeque<>();
            for (int round = 0; round < 8; round++) {
                scribble(driver, memory, random);
                try {
                    for (int i = 0; i < 40; i++) {
                        DescriptorChain chain = queue.pop();
                        if (chain == null) {
                            break;
                        }
                        held.add(chain);
                        assertThat(queue.held()).isEqualTo(held.size()).isLessThanOrEqualTo(SIZE);
                        byte[] some = new byte[64];
                        int copied = chain.read(0, some, 0, 64);
                        assertThat(copied).isEqualTo(Math.min(64, chain.readableBytes()));
                        copied = chain.write(0, some, 0, 64);
                        assertThat(copied).isEqualTo(Math.min(64, chain.writableBytes()));
                        if (random.nextInt(4) != 0) {
                            queue.push(held.remove(), copied > 0 && held.isEmpty() ? copied : 0);
                        }
                    }
                    queue.publish();
                    queue.enableKicks();
                } catch (VirtqueueException | GuestMemoryException e) {
                    assertThat(e.getMessage()).isNotBlank();
                }
            }
        }
    }

    private static void scribble(GuestDriver driver, GuestMemory memory, Random random) {
        for (int i = 0; i < SIZE; i++) {
            long address =
                    switch (random.nextInt(6)) {
                        case 0 -> random.nextLong();
                        case 1 -> driver.descAddress() + 16L * random.nextInt(SIZE);
                        case 2 -> BASE + GuestDriver.bytes(SIZE) - random.nextInt(64);
                        default -> driver.bufferAddress(random.nextInt(SIZE));
                    };
            int length =
                    switch (random.nextInt(6)) {
                        case 0 -> random.nextInt();
                        case 1 -> 16 * random.nextInt(20);
                        default -> random.nextInt(100);
                    };
            int flags = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(4);
            if (random.nextInt(6) == 0) {
                flags = Virtio.DESC_F_INDIRECT;
            }
            driver.putDescriptor(i, address, length, flags, random.nextInt(random.nextInt(20) == 0 ? 65536 : SIZE));
        }
        for (int i = random.nextInt(12); i > 0; i--) {
            driver.putAvailable(random.nextInt(random.nextInt(20) == 0 ? 65536 : SIZE));
        }
        driver.publish();
        if (random.nextInt(20) == 0) {
            driver.forceAvailIndex(random.nextInt());
        }
        memory.putShort(driver.availAddress(), (short) random.nextInt());
        memory.putShort(driver.availAddress() + 4 + 2 * SIZE, (short) random.nextInt());
        memory.putLong(driver.usedAddress(), random.nextLong());
    }

    /** The decision on a call against the plain reading of section 2.7.7.2: was the entry at used_event among the new ones? */
    @Property(tries = 300)
    void eventIndexSuppressesCallsAsTheModelSays(@ForAll Random random, @ForAll @IntRange(max = 65535) int start) {
        try (GuestRam ram = ram(BASE, GuestDriver.bytes(SIZE))) {
            GuestDriver driver = new GuestDriver(ram.memory(), BASE, SIZE, true);
            driver.startAt(start);
            SplitVirtqueue queue = driver.queue(ram.memory(), true);
            queue.setBase(start);
            int published = start;
            for (int round = 0; round < 30; round++) {
                int event = (published + random.nextInt(12) - 4) & 0xffff;
                driver.setUsedEvent(event);
                int count = random.nextInt(6);
                boolean among = false;
                for (int i = 0; i < count; i++) {
                    driver.addReadable(new byte[1]);
                    driver.publish();
                    queue.push(queue.pop(), 0);
                    among |= published == event;
                    published = (published + 1) & 0xffff;
                }
                boolean first = driver.deviceUsedIndex() == start;
                boolean expected = count > 0 && (among || first);
                assertThat(queue.publish()).as("round %s", round).isEqualTo(expected);
                while (driver.poll().isPresent()) {
                    assertThat(driver.freeDescriptors()).isPositive();
                }
            }
        }
    }
}
