package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class MeterTest {
    private static final long MIB = 1 << 20;

    @Example
    void aTransferSaysHowMuchOfHowMuchAndHowFast() {
        assertThat(Meter.transfer("layer 3f4ac2e1", 12 * MIB, 48 * MIB, 4_000_000_000L, 79))
                .isEqualTo("layer 3f4ac2e1       [######------------------]  12.0 MiB/48.0 MiB  3.0 MiB/s");
        assertThat(Meter.transfer("reading 3 layers", 12 * MIB, -1, 4_000_000_000L, 79))
                .isEqualTo("reading 3 layers     12.0 MiB  3.0 MiB/s");
    }

    @Example
    void whatHasNoRoomIsLeftOut() {
        assertThat(Meter.transfer("layer 3f4ac2e1", 12 * MIB, 48 * MIB, 4_000_000_000L, 52))
                .isEqualTo("layer 3f4ac2e1       [##--------]  12.0 MiB/48.0 MiB");
        assertThat(Meter.transfer("layer 3f4ac2e1", 12 * MIB, 48 * MIB, 4_000_000_000L, 40))
                .isEqualTo("layer 3f4ac2e1       12.0 MiB/48.0 MiB");
        assertThat(Meter.transfer("https://example.org/a/root.tar.gz", 12 * MIB, 48 * MIB, 4_000_000_000L, 30))
                .isEqualTo("http..tar.gz 12.0 MiB/48.0 MiB");
        assertThat(Meter.transfer("layer 3f4ac2e1", 12 * MIB, 48 * MIB, 0, 10)).isEqualTo("laye..e1 1");
    }

    @Property
    void aLineIsNeverWiderThanItMayBeAndHasNothingButAscii(
            @ForAll String name,
            @ForAll @LongRange(min = 0) long done,
            @ForAll long total,
            @ForAll @LongRange(min = 0) long nanos,
            @ForAll @IntRange(min = 0, max = 300) int width) {
        String line = Meter.transfer(name, done, total, nanos, width);
        assertThat(line).hasSizeLessThanOrEqualTo(width).matches("[ -~]*");
    }
}
