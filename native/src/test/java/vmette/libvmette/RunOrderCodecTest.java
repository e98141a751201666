package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.errors.InvalidConfigException;

class RunOrderCodecTest {
    private static final String LETTERS = "a/ \n\"ü\u4e2d.-\t'$";

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int left = random.nextInt(20); left > 0; left--) {
            text.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return text.append(random.nextBoolean() ? "" : "\ud83d\ude00").toString();
    }

    private static Optional<String> optional(Random random) {
        return random.nextBoolean() ? Optional.of(text(random)) : Optional.empty();
    }

    private static SortedMap<String, String> map(Random random) {
        SortedMap<String, String> map = new TreeMap<>();
        for (int left = random.nextInt(4); left > 0; left--) {
            map.put("k" + text(random), text(random) + "=");
        }
        return map;
    }

    private static RunOrder order(long seed) {
        Random random = new Random(seed);
        Optional<String> rootfs = optional(random);
        List<String> disks = new ArrayList<>();
        for (int left = random.nextInt(3); left > 0; left--) {
            disks.add(text(random));
        }
        return new RunOrder(
                text(random),
                new RunConfig(
                        text(random),
                        text(random),
                        optional(random),
                        rootfs,
                        rootfs.isPresent() && random.nextBoolean(),
                        map(random),
                        map(random),
                        disks,
                        optional(random),
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextInt(),
                        random.nextInt() & 0xffffffffL,
                        random.nextInt() & 0xffffffffL,
                        1 + random.nextInt(255),
                        random.nextLong() >>> 1 | 1,
                        random.nextLong() >>> 1,
                        optional(random),
                        optional(random)));
    }

    @Property
    void whatIsWrittenIsRead(@ForAll long seed) {
        RunOrder order = order(seed);
        assertThat(RunOrderCodec.decode(RunOrderCodec.encode(order))).isEqualTo(order);
    }

    @Property
    void whatIsCutOffOrLongerIsRefused(@ForAll long seed, @ForAll @IntRange(max = 10_000) int at) {
        byte[] whole = RunOrderCodec.encode(order(seed));
        assertRefused(Arrays.copyOf(whole, at % whole.length));
        assertRefused(Arrays.copyOf(whole, whole.length + 1 + at));
    }

    /** A byte changed makes another order, or none. */
    @Property
    void whatIsChangedIsNotTakenForTheSame(
            @ForAll long seed, @ForAll @IntRange(max = 10_000) int at, @ForAll @IntRange(min = 1, max = 255) int bits) {
        RunOrder order = order(seed);
        byte[] changed = RunOrderCodec.encode(order);
        changed[at % changed.length] ^= (byte) bits;
        try {
            assertThat(RunOrderCodec.decode(changed)).isNotEqualTo(order);
        } catch (InvalidConfigException refused) {
            assertThat(refused).hasMessageMatching("(?s).+");
        }
    }

    @Example
    void tooLongAnOrderIsRefusedOnBothSides() {
        RunConfig small = order(1).config();
        String library = "x".repeat(RunOrderCodec.MOST_BYTES);
        assertThatThrownBy(() -> RunOrderCodec.encode(new RunOrder(library, small)))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("shorten exec or env");
        assertRefused(new byte[RunOrderCodec.MOST_BYTES + 1]);
    }

    private static void assertRefused(byte[] bytes) {
        assertThatThrownBy(() -> RunOrderCodec.decode(bytes))
                .isInstanceOf(InvalidConfigException.class)
                .message()
                .isNotBlank();
    }
}
