package vmette.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.linux.ProcessMemory;
import vmette.memory.MappingProcess.How;

/** The memory of a real other process, mapped privately. */
class RemoteGuestMemoryTest extends GuestMemoryContract {
    private static final long BASE = 0x10_0000;
    private static final int SIZE = 1 << 20;

    private static MappingProcess child;
    private static GuestMemorySource source;

    @BeforeAll
    static void start() {
        child = MappingProcess.start(How.PRIVATE, SIZE);
        source = RemoteGuestMemory.in(ProcessMemory.open(child.pid()));
    }

    @AfterAll
    static void end() {
        source.close();
        source.close();
        child.close();
    }

    @Override
    GuestRam create(long[][] addressesAndSizes) {
        return RemoteRam.create(addressesAndSizes);
    }

    private static GuestMemory open(long size, long userAddress) {
        return source.open(List.of(new GuestRegion(BASE, size, userAddress, 0)), List.of());
    }

    @Test
    void bothSidesSeeTheSameAndTheFileNothing() throws Exception {
        try (GuestMemory memory = open(SIZE, child.address())) {
            memory.putInt(BASE + 5000, 0x01020304);
            assertThat(child.get(5000)).isEqualTo(4);
            child.put(5003, 77);
            assertThat(memory.getInt(BASE + 5000)).isEqualTo(0x4d020304);
            assertThat(Files.readAllBytes(child.file())).containsOnly(0);
        }
    }

    @Test
    void whatIsNotMappedThereIsATypedError() {
        // a page of the child's address space that nobody can have
        try (GuestMemory memory = open(8192, 0)) {
            MemoryArea area = memory.area(BASE, 64);
            byte[] bytes = new byte[5000];
            assertThatThrownBy(() -> memory.getInt(BASE + 4))
                    .isExactlyInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("no memory where it said the guest's is")
                    .hasMessageContaining("0x4 of process " + child.pid())
                    .hasMessageContaining("EIO");
            assertThatThrownBy(() -> memory.read(BASE, bytes, 0, 5000)).isInstanceOf(GuestMemoryException.class);
            assertThatThrownBy(() -> memory.write(BASE, bytes, 0, 5000)).isInstanceOf(GuestMemoryException.class);
            assertThatThrownBy(() -> area.getShortAcquire(0)).isInstanceOf(GuestMemoryException.class);
            assertThatThrownBy(() -> area.putIntRelease(0, 1)).isInstanceOf(GuestMemoryException.class);
        }
    }

    @Test
    void aPieceThatEndsInNothingIsATypedErrorToo() {
        try (GuestMemory memory = open(1L << 40, child.address())) {
            byte[] bytes = new byte[4 << 20];
            assertThatThrownBy(() -> {
                        for (long at = 0; ; at += bytes.length) {
                            memory.read(BASE + at, bytes, 0, bytes.length);
                        }
                    })
                    .isExactlyInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("EIO");
        }
    }

    @Test
    void addressesOfTheKernelAreATypedError() {
        for (long address : new long[] {-1L << 12, 0xffff_8880_0000_0000L, 1L << 63, 0x7fff_ffff_f000L}) {
            try (GuestMemory memory = open(4096, address)) {
                assertThatThrownBy(() -> memory.getLong(BASE)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.putInt(BASE, 1)).isInstanceOf(GuestMemoryException.class);
            }
        }
    }

    @Test
    void memoryOfAProcessThatEndedIsLost() {
        MappingProcess mortal = MappingProcess.start(How.PRIVATE, 8192);
        try (GuestMemorySource one = RemoteGuestMemory.in(ProcessMemory.open(mortal.pid()))) {
            GuestMemory memory = one.open(List.of(new GuestRegion(BASE, 8192, mortal.address(), 0)), List.of());
            memory.putInt(BASE, 1);
            mortal.kill();
            assertThatThrownBy(() -> memory.getInt(BASE))
                    .isInstanceOf(GuestMemoryLostException.class)
                    .hasMessageContaining("process " + mortal.pid() + " has ended");
            assertThatThrownBy(() -> memory.putShortRelease(BASE, (short) 1))
                    .isInstanceOf(GuestMemoryLostException.class);
            byte[] bytes = new byte[10];
            assertThatThrownBy(() -> memory.read(BASE, bytes, 0, 10)).isInstanceOf(GuestMemoryLostException.class);
            assertThatThrownBy(() -> memory.write(BASE, bytes, 0, 10)).isInstanceOf(GuestMemoryLostException.class);
        } finally {
            mortal.close();
        }
    }

    /** A real driver on another processor, through both wraps of the index; order and tears as this machine has them. */
    @Test
    void indexesOfADriverAtFullSpeedAreNeverTornNorAhead() {
        int count = 200_000;
        int at = 64 << 10;
        try (GuestMemory memory = open(SIZE, child.address())) {
            MemoryArea area = memory.area(BASE + at, 2048);
            child.tell("drive " + at + " " + count);
            int next = 0;
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (next < count && System.nanoTime() - deadline < 0) {
                int index = Short.toUnsignedInt(area.getShortAcquire(2));
                int fresh = (index - next) & 0xffff;
                assertThat(fresh).as("index %s after %s", index, next & 0xffff).isLessThanOrEqualTo(128);
                for (int i = 0; i < fresh; i++) {
                    assertThat(area.getInt(16 + 4 * (next & 255))).isEqualTo(next * 31);
                    next++;
                }
                if (fresh > 0) {
                    area.putIntRelease(8, next << 16);
                }
            }
            assertThat(next).isEqualTo(count);
            assertThat(child.answer()).isEqualTo("ok");
        }
    }

    @Test
    void tornReadingsAreNotTakenAndTheSecondPairIs() {
        try (GuestRam ram = GuestRam.create(BASE, 4096)) {
            AtomicInteger steps = new AtomicInteger();
            GuestMemory torn = TornMemory.over(ram, () -> {
                // 0x00ff becomes 0x0100 between the bytes of the first reading
                if (steps.incrementAndGet() == 2) {
                    ram.memory().putShort(BASE, (short) 0x0100);
                }
            });
            ram.memory().putShort(BASE, (short) 0x00ff);
            assertThat(torn.getShort(BASE)).as("plain access tears").isEqualTo((short) 0x01ff);
            steps.set(0);
            ram.memory().putShort(BASE, (short) 0x00ff);
            assertThat(torn.area(BASE, 4).getShortAcquire(0)).isEqualTo((short) 0x0100);
            assertThat(steps).as("one torn reading, two that agree").hasValue(6);
            steps.set(0);
            ram.memory().putShort(BASE, (short) 0x00ff);
            assertThat(torn.getShortAcquire(BASE)).isEqualTo((short) 0x0100);
        }
    }

    @Test
    void aWordWrittenWithReleaseIsOneTransfer() {
        try (GuestRam ram = GuestRam.create(BASE, 4096)) {
            AtomicInteger steps = new AtomicInteger();
            GuestMemory torn = TornMemory.over(ram, steps::incrementAndGet);
            torn.area(BASE, 8).putIntRelease(4, 0x01000001);
            torn.putIntRelease(BASE + 8, 0x01000001);
            assertThat(steps).hasValue(2);
            assertThat(ram.memory().getInt(BASE + 4)).isEqualTo(0x01000001);
        }
    }

    @Test
    void aNumberThatNeverHoldsStillIsRefusedInTheEnd() {
        try (GuestRam ram = GuestRam.create(BASE, 4096)) {
            AtomicInteger steps = new AtomicInteger();
            GuestMemory torn = TornMemory.over(ram, () -> ram.memory().putShort(BASE, (short) steps.incrementAndGet()));
            assertThatThrownBy(() -> torn.getShortAcquire(BASE))
                    .isInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("another at each of 1024 readings");
            assertThat(steps).hasValue(2048);
        }
    }

    @Test
    void numbersInAreasMustBeAlignedToBeWhole() {
        try (GuestMemory memory = open(SIZE, child.address())) {
            MemoryArea area = memory.area(BASE + 2, 64);
            area.putIntRelease(2, 5);
            assertThatThrownBy(() -> area.putIntRelease(0, 5)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> area.getShortAcquire(1)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> area.getLong(57)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> area.getLong(-1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }
}
