package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class HostileRingsTest {
    /** Packets that lie, over rings that are kept; both rings' indexes and all credit counters pass their wraps. */
    @Property(tries = 60)
    void everyChainComesBackOnceAndATurnTakesOnlySoMany(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll @IntRange(min = 1, max = 60) int before) {
        try (HostileRings rings = new HostileRings(-before * 1000, 0x10000 - before, eventIdx)) {
            // a guest that is sparing with RX buffers gets on slowly: RSTs wait for them, and TX for those
            for (int i = 0; i < 600 || (rings.returned() <= 0x10000 && i < 20_000); i++) {
                assertThat(rings.step(random, false))
                        .as("step %s breaks nothing", i)
                        .isTrue();
            }
            assertThat(rings.returned()).as("index reached").isGreaterThan(0x10000);
            rings.end();
        }
    }

    /** A guest that writes anything into its rings ends its device with one of two exceptions, and keeps nothing. */
    @Property(tries = 1000)
    void whateverIsInTheRingsEndsInOrder(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll @IntRange(max = 0xffff) int start) {
        try (HostileRings rings = new HostileRings(random.nextInt(), start, eventIdx)) {
            boolean whole = true;
            for (int i = 0; whole && i < 300; i++) {
                whole = rings.step(random, true);
            }
            rings.end();
        }
    }
}
