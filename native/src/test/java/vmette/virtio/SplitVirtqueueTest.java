package vmette.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestRam;

class SplitVirtqueueTest {
    private static final long BASE = 0x10_0000;
    private static final int SIZE = 8;

    private final GuestRam ram = ram(BASE, GuestDriver.bytes(SIZE));
    private GuestDriver driver = new GuestDriver(ram.memory(), BASE, SIZE, false);
    private SplitVirtqueue queue = driver.queue(ram.memory(), true);

    GuestRam ram(long address, long size) {
        return GuestRam.create(address, size);
    }

    @AfterEach
    void close() {
        ram.close();
    }

    private void withEventIdx() {
        driver = new GuestDriver(ram.memory(), BASE, SIZE, true);
        queue = driver.queue(ram.memory(), true);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String readAll(DescriptorChain chain) {
        byte[] target = new byte[chain.readableBytes()];
        assertThat(chain.read(0, target, 0, target.length)).isEqualTo(target.length);
        return new String(target, StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aChainIsReadWrittenAndReturned(boolean indirect) {
        List<byte[]> out = List.of(bytes("he"), bytes(""), bytes("llo"));
        List<Integer> in = List.of(2, 100);
        int head = indirect ? driver.addIndirect(out, in) : driver.add(out, in);
        assertThat(queue.pop()).as("not published yet").isNull();
        driver.publish();
        DescriptorChain chain = queue.pop();
        assertThat(chain.head()).isEqualTo(head);
        assertThat(chain.readableBytes()).isEqualTo(5);
        assertThat(chain.writableBytes()).isEqualTo(102);
        assertThat(readAll(chain)).isEqualTo("hello");
        byte[] part = new byte[10];
        assertThat(chain.read(1, part, 2, 8)).isEqualTo(4);
        assertThat(new String(part, 2, 4, StandardCharsets.US_ASCII)).isEqualTo("ello");
        assertThat(chain.write(1, bytes("-world"), 1, 5)).isEqualTo(5);
        assertThat(chain.write(0, bytes("["), 0, 1)).isEqualTo(1);
        assertThat(chain.write(102, bytes("x"), 0, 1)).isZero();
        queue.push(chain, 6);
        assertThat(driver.poll()).as("not published yet").isEmpty();
        assertThat(queue.publish()).isTrue();
        GuestDriver.Used used = driver.poll().orElseThrow();
        assertThat(used.head()).isEqualTo(head);
        assertThat(new String(used.data(), StandardCharsets.US_ASCII)).isEqualTo("[world");
        assertThat(driver.freeDescriptors()).isEqualTo(SIZE);
        assertThat(queue.publish()).as("nothing new").isFalse();
    }

    @Test
    void aChainIsReturnedOnceAndNotUsedAfter() {
        driver.addWritable(10);
        driver.publish();
        DescriptorChain chain = queue.pop();
        assertThatThrownBy(() -> queue.push(chain, 11)).isInstanceOf(IllegalArgumentException.class);
        queue.push(chain, 10);
        assertThatThrownBy(() -> queue.push(chain, 10)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> chain.write(0, new byte[1], 0, 1)).isInstanceOf(IllegalStateException.class);
        assertThat(driver.deviceUsedIndex()).isZero();
        queue.publish();
        assertThat(driver.deviceUsedIndex()).isEqualTo(1);
    }

    @Test
    void aStoppedRingIsNotTouched() {
        driver.addWritable(10);
        driver.publish();
        DescriptorChain chain = queue.pop();
        queue.stop();
        assertThatThrownBy(() -> queue.push(chain, 0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(queue::pop).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(queue::publish).isInstanceOf(IllegalStateException.class);
        assertThat(queue.base()).as("the chain held is available again").isZero();
    }

    @Test
    void theBaseGoesBackOverChainsHeldLast() {
        for (int i = 0; i < 5; i++) {
            driver.addWritable(10);
        }
        driver.publish();
        DescriptorChain first = queue.pop();
        DescriptorChain second = queue.pop();
        DescriptorChain third = queue.pop();
        queue.pop();
        assertThat(queue.base()).isZero();
        queue.push(second, 0);
        assertThat(queue.base()).as("the first is lost, the last two are not").isEqualTo(2);
        queue.push(third, 0);
        assertThat(queue.base()).isEqualTo(3);
        queue.push(first, 0);
        assertThat(queue.base()).isEqualTo(3);
        queue.publish();
        queue.setBase(queue.base());
        assertThat(queue.available()).isEqualTo(2);
        assertThat(queue.held()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void indexesWrapAt65536(boolean eventIdx) {
        driver = new GuestDriver(ram.memory(), BASE, SIZE, eventIdx);
        queue = driver.queue(ram.memory(), true);
        driver.startAt(65_533);
        queue.setBase(65_533);
        queue.enableKicks();
        for (int i = 0; i < 10; i++) {
            driver.addReadable(bytes("packet " + i));
            assertThat(driver.publish()).as("kick wanted").isTrue();
            DescriptorChain chain = queue.pop();
            assertThat(readAll(chain)).isEqualTo("packet " + i);
            driver.armCalls();
            queue.push(chain, 0);
            assertThat(queue.publish()).as("call wanted").isTrue();
            assertThat(driver.poll()).isPresent();
            assertThat(queue.enableKicks()).isFalse();
        }
        assertThat(queue.base()).isEqualTo(7);
    }

    @Test
    void callsAreSuppressedByFlag() {
        driver.suppressCalls(true);
        driver.addReadable(bytes("a"));
        driver.publish();
        queue.push(queue.pop(), 0);
        assertThat(queue.publish()).isFalse();
        driver.suppressCalls(false);
        driver.addReadable(bytes("a"));
        driver.publish();
        queue.push(queue.pop(), 0);
        assertThat(queue.publish()).isTrue();
    }

    @Test
    void kicksAreSuppressedByFlagAndRearmingSeesWhatCameMeanwhile() {
        queue.disableKicks();
        driver.addReadable(bytes("a"));
        assertThat(driver.publish()).isFalse();
        assertThat(queue.enableKicks()).isTrue();
        queue.push(queue.pop(), 0);
        queue.disableKicks();
        queue.publish();
        assertThat(driver.deviceUsedIndex())
                .as("flags and index do not disturb each other")
                .isEqualTo(1);
        assertThat(queue.enableKicks()).isFalse();
        driver.addReadable(bytes("b"));
        assertThat(driver.publish()).isTrue();
    }

    @Test
    void withEventIndexTheFirstPublishCallsAndLaterOnesOnDemand() {
        withEventIdx();
        driver.setUsedEvent(1000);
        boolean[] called = new boolean[6];
        for (int i = 0; i < called.length; i++) {
            if (i == 1) {
                driver.setUsedEvent(3);
            }
            driver.addReadable(bytes("a"));
            driver.publish();
            queue.push(queue.pop(), 0);
            called[i] = queue.publish();
            driver.poll();
        }
        assertThat(called).containsExactly(true, false, false, true, false, false);
    }

    @Test
    void hostileRingsAreRefused() {
        driver.putAvailable(SIZE);
        refused("available ring names descriptor 8 of 8");

        driver.forceAvailIndex(SIZE + 1);
        refused("past the ring's size");

        driver.putDescriptor(0, driver.bufferAddress(0), 1, Virtio.DESC_F_NEXT, 1);
        driver.putDescriptor(1, driver.bufferAddress(1), 1, Virtio.DESC_F_NEXT, 0);
        driver.putAvailable(0);
        refused("loops");

        driver.putDescriptor(0, driver.bufferAddress(0), 1, Virtio.DESC_F_NEXT, SIZE);
        driver.putAvailable(0);
        refused("goes on at descriptor 8 of 8");

        driver.putDescriptor(0, driver.bufferAddress(0), 1, Virtio.DESC_F_NEXT | Virtio.DESC_F_WRITE, 1);
        driver.putDescriptor(1, driver.bufferAddress(1), 1, 0, 0);
        driver.putAvailable(0);
        refused("readable descriptor after a writable one");

        driver.putDescriptor(0, driver.bufferAddress(0), -1, 0, 0);
        driver.putAvailable(0);
        refused("more than 2^31-1 bytes");

        driver.putDescriptor(0, driver.bufferAddress(0), 24, Virtio.DESC_F_INDIRECT, 0);
        driver.putAvailable(0);
        refused("indirect table has 24 bytes");

        driver.putDescriptor(0, driver.bufferAddress(0), 0, Virtio.DESC_F_INDIRECT, 0);
        driver.putAvailable(0);
        refused("indirect table has 0 bytes");

        driver.putDescriptor(0, driver.bufferAddress(0), 16, Virtio.DESC_F_INDIRECT | Virtio.DESC_F_NEXT, 0);
        driver.putAvailable(0);
        refused("is indirect and goes on");

        // the table is the descriptor table itself
        driver.putDescriptor(0, driver.descAddress(), 16 * SIZE, Virtio.DESC_F_INDIRECT, 0);
        driver.putAvailable(0);
        refused("indirect descriptor inside an indirect table");
    }

    private void refused(String message) {
        driver.publish();
        if (message.contains("past")) {
            driver.forceAvailIndex(SIZE + 1);
        }
        assertThatThrownBy(queue::pop).isInstanceOf(VirtqueueException.class).hasMessageContaining(message);
        driver = new GuestDriver(ram.memory(), BASE, SIZE, false);
        queue = driver.queue(ram.memory(), true);
    }

    @Test
    void anIndirectTableNeedsTheFeature() {
        queue = driver.queue(ram.memory(), false);
        driver.addIndirect(List.of(bytes("a")), List.of());
        refused("feature was not negotiated");
    }

    @Test
    void aHeadHeldIsNotGivenTwice() {
        driver.addReadable(bytes("a"));
        driver.putAvailable(0);
        driver.publish();
        assertThat(queue.pop()).isNotNull();
        assertThatThrownBy(queue::pop)
                .isInstanceOf(VirtqueueException.class)
                .hasMessageContaining("while the device holds it");
    }

    @Test
    void buffersOutsideTheGuestAreRefused() {
        driver.putDescriptor(0, BASE - 1, 2, 0, 0);
        driver.putAvailable(0);
        driver.publish();
        assertThatThrownBy(queue::pop).isInstanceOf(GuestMemoryException.class);
    }

    @Test
    void ringsMustBeAlignedSizedAndInside() {
        long avail = driver.availAddress();
        long used = driver.usedAddress();
        assertThatThrownBy(() -> new SplitVirtqueue(ram.memory(), SIZE, BASE + 8, avail, used, false, false))
                .hasMessageContaining("descriptor table");
        assertThatThrownBy(() -> new SplitVirtqueue(ram.memory(), SIZE, BASE, avail + 1, used, false, false))
                .hasMessageContaining("available ring");
        assertThatThrownBy(() -> new SplitVirtqueue(ram.memory(), SIZE, BASE, avail, used + 2, false, false))
                .hasMessageContaining("used ring");
        for (int size : new int[] {0, -1, 3, 65536}) {
            assertThatThrownBy(() -> new SplitVirtqueue(ram.memory(), size, BASE, avail, used, false, false))
                    .isInstanceOf(VirtqueueException.class);
        }
        assertThatThrownBy(() -> new SplitVirtqueue(ram.memory(), SIZE, 0, avail, used, false, false))
                .isInstanceOf(GuestMemoryException.class);
    }
}
