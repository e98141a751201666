package vmette.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import vmette.linux.ProcessMemory;
import vmette.memory.MappingProcess.How;

/** Tables that a front-end may send over another process's memory: overlapping, wrapping, huge, mapped in part or not at all. */
class HostileRegionsTest {
    private static final int SIZE = 64 << 10;
    private static MappingProcess child;
    private static GuestMemorySource source;

    @BeforeContainer
    static void start() {
        child = MappingProcess.start(How.PRIVATE, SIZE);
        source = RemoteGuestMemory.in(ProcessMemory.open(child.pid()));
    }

    @AfterContainer
    static void end() {
        source.close();
        child.close();
    }

    /** Either is refused in the one exception, or gives what is there; nothing else is thrown, and the process lives on. */
    @Property(tries = 500)
    void everyAccessGivesBytesOrTheOneException(@ForAll Random random) {
        List<Long> guests = new ArrayList<>();
        try (GuestMemory memory = source.open(table(random, guests), List.of())) {
            for (int i = 0; i < 20; i++) {
                access(memory, guests.get(random.nextInt(guests.size())) + random.nextInt(SIZE + 8), random);
            }
        } catch (GuestMemoryException refused) {
            assertThat(refused.getMessage()).contains("0x");
        }
        assertThat(child.get(SIZE - 1)).isBetween(-128, 127);
    }

    private static List<GuestRegion> table(Random random, List<Long> guests) {
        List<GuestRegion> regions = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            long guest = random.nextInt(4) == 0 ? random.nextLong() & -4096 : 4096L * random.nextInt(64);
            guests.add(guest);
            long size = random.nextInt(4) == 0 ? random.nextLong() : 4096L * (1 + random.nextInt(16));
            long user =
                    switch (random.nextInt(4)) {
                        // not below the mapping: what lies there is the child's own
                        case 0 -> random.nextLong() | 1L << 63;
                        case 1 -> 4096L * random.nextInt(8);
                        default -> child.address() + 4096L * random.nextInt(16);
                    };
            regions.add(new GuestRegion(guest, size, user & -4096, 0));
        }
        return regions;
    }

    private static void access(GuestMemory memory, long address, Random random) {
        byte[] bytes = new byte[random.nextInt(9000)];
        try {
            switch (random.nextInt(6)) {
                case 0 -> memory.getLong(address);
                case 1 -> memory.getShortAcquire(address & -2);
                case 2 -> memory.read(address, bytes, 0, bytes.length);
                case 3 -> memory.area(address & -8, 64).getInt(60);
                case 4 -> memory.area(address & -8, 64).getShortAcquire(2);
                default -> memory.checkRange(address, bytes.length);
            }
        } catch (GuestMemoryException refused) {
            assertThat(refused).isNotInstanceOf(GuestMemoryLostException.class);
        }
    }
}
