package vmette.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import vmette.fuzz.ByteDice;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestRam;

/**
 * The input is a few choices of the device and then the guest's memory, rings first; two regions side by side, so that a
 * buffer may cross from one into the other.
 */
class RingFuzzTest {
    private static final long BASE = 0x1000;
    private static final int REGION = 4096;
    private static final int SIZE = 8;
    private static final long AVAIL = BASE + SplitVirtqueue.descriptorBytes(SIZE);
    private static final long USED = (AVAIL + SplitVirtqueue.availBytes(SIZE) + 3) & ~3L;
    private static final int CHOICES = 16;

    private static GuestRam ram;

    @BeforeAll
    static void createMemory() {
        ram = GuestRam.create(new long[][] {{BASE, REGION}, {BASE + REGION, REGION}});
    }

    @AfterAll
    static void closeMemory() {
        ram.close();
    }

    @FuzzTest
    void theDeviceReadsAChainAsTheOracleDoes(byte[] bytes) {
        byte[] choices = Arrays.copyOf(bytes, CHOICES);
        byte[] image =
                Arrays.copyOf(Arrays.copyOfRange(bytes, Math.min(CHOICES, bytes.length), bytes.length), 2 * REGION);
        ram.memory().write(BASE, image, 0, image.length);
        ByteDice dice = new ByteDice(choices);
        boolean eventIdx = dice.nextBoolean();
        boolean indirect = dice.nextBoolean();
        int start = dice.nextInt(0x10000);
        SplitVirtqueue queue = new SplitVirtqueue(ram.memory(), SIZE, BASE, AVAIL, USED, eventIdx, indirect);
        queue.setBase(start);
        Deque<DescriptorChain> held = new ArrayDeque<>();
        int usedIndex = number(image, USED + 2);
        int seen = start;
        for (int taken = start; ; taken = (taken + 1) & 0xffff) {
            byte[] before = contents();
            seen = seen == taken ? number(before, AVAIL + 2) : seen;
            int pending = (seen - taken) & 0xffff;
            int head = number(before, AVAIL + 4 + 2L * (taken & (SIZE - 1)));
            boolean doubly = held.stream().anyMatch(chain -> chain.head() == head);
            Optional<List<ChainOracle.Piece>> expected = doubly || pending > SIZE
                    ? Optional.empty()
                    : new ChainOracle(before, BASE, BASE, SIZE, indirect).chain(head);
            DescriptorChain chain;
            try {
                chain = queue.pop();
            } catch (VirtqueueException | GuestMemoryException e) {
                assertThat(expected).as(e.getMessage()).isEmpty();
                assertThat(pending).isNotZero();
                return;
            }
            if (chain == null) {
                assertThat(pending).isZero();
                break;
            }
            assertThat(expected).as("accepted").isPresent();
            assertThat(contents()).as("memory after popping").isEqualTo(before);
            held.add(chain);
            checkContents(chain, expected.get(), before);
            if (dice.nextInt(3) != 0) {
                usedIndex = giveBack(queue, held.remove(), usedIndex);
            }
            assertThat(queue.held()).isEqualTo(held.size());
        }
        while (!held.isEmpty()) {
            usedIndex = giveBack(queue, held.remove(), usedIndex);
        }
        queue.publish();
        assertThat(number(contents(), USED + 2)).isEqualTo(usedIndex);
        try {
            queue.enableKicks();
        } catch (VirtqueueException e) {
            // a chain that was written to lay over the ring
            assertThat(e).hasMessageContaining("available index");
        }
    }

    /** The readable part is read right, and the writable part written and nothing else. */
    private static void checkContents(DescriptorChain chain, List<ChainOracle.Piece> pieces, byte[] before) {
        ByteArrayOutputStream readable = new ByteArrayOutputStream();
        byte[] after = before.clone();
        int written = 0;
        for (ChainOracle.Piece piece : pieces) {
            if (!piece.writable() && piece.length() > 0) {
                readable.write(before, (int) (piece.address() - BASE), piece.length());
            }
            for (int i = 0; piece.writable() && i < piece.length(); i++) {
                after[(int) (piece.address() - BASE) + i] = pattern(written++);
            }
        }
        byte[] read = new byte[readable.size() + 1];
        assertThat(chain.readableBytes()).isEqualTo(readable.size());
        assertThat(chain.read(0, read, 0, read.length)).isEqualTo(readable.size());
        assertThat(Arrays.copyOf(read, readable.size())).isEqualTo(readable.toByteArray());
        assertThat(chain.writableBytes()).isEqualTo(written);
        byte[] text = new byte[written + 1];
        for (int i = 0; i < text.length; i++) {
            text[i] = pattern(i);
        }
        int half = text.length / 2;
        assertThat(chain.write(0, text, 0, half)).isEqualTo(half);
        assertThat(chain.write(half, text, half, text.length - half)).isEqualTo(written - half);
        assertThat(contents()).as("memory after writing").isEqualTo(after);
    }

    private static byte pattern(int i) {
        return (byte) (i * 31 + 7);
    }

    private static int giveBack(SplitVirtqueue queue, DescriptorChain chain, int usedIndex) {
        int written = chain.writableBytes();
        queue.push(chain, written);
        byte[] memory = contents();
        long element = USED + 4 + 8L * (usedIndex & (SIZE - 1));
        assertThat(number(memory, element)).isEqualTo(chain.head());
        assertThat(number(memory, element + 4)).isEqualTo(written & 0xffff);
        return (usedIndex + 1) & 0xffff;
    }

    private static byte[] contents() {
        GuestMemory memory = ram.memory();
        byte[] bytes = new byte[2 * REGION];
        memory.read(BASE, bytes, 0, bytes.length);
        return bytes;
    }

    private static int number(byte[] memory, long address) {
        int at = (int) (address - BASE);
        return (memory[at] & 0xff) | (memory[at + 1] & 0xff) << 8;
    }
}
