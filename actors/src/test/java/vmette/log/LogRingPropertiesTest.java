package vmette.log;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** A log against the plain list of all that was ever written to it. */
class LogRingPropertiesTest {
    /** What happens to a log: something is written, or its readers read. */
    record Step(int size, int taken, boolean joins, boolean leaves) {
        byte[] written() {
            return text(size);
        }
    }

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> sizes = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 20), Arbitraries.integers().between(0, 100_000));
        return Combinators.combine(
                        sizes,
                        sizes,
                        Arbitraries.integers().between(0, 9),
                        Arbitraries.integers().between(0, 9))
                .as((write, take, joins, leaves) -> new Step(write, take + 1, joins == 0, leaves == 0))
                .list()
                .ofMaxSize(40);
    }

    /** Lines of many lengths. */
    private static byte[] text(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i * i % 37 == 0 ? '\n' : 'a' + i % 26);
        }
        return bytes;
    }

    @Property(tries = 300)
    void whatAReaderGetsIsContiguousAndItsGapsAreExact(
            @ForAll("steps") List<Step> steps, @ForAll @IntRange(max = 200_000) int keep) {
        LogRing ring = new LogRing(keep);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        long position = 0;
        int followers = 0;
        for (Step step : steps) {
            if (step.joins()) {
                ring.joined();
                followers++;
            }
            ring.append(step.written());
            all.writeBytes(step.written());
            assertThat(ring.position()).isEqualTo(all.size());
            long latest = Math.max(keep, followers > 0 ? LogRing.FOLLOWED : 0);
            assertThat((long) ring.size()).isLessThanOrEqualTo(latest);
            LogRing.Piece piece = ring.read(position, Long.MAX_VALUE, step.taken());
            if (piece instanceof LogRing.Gap gap) {
                assertThat(gap.to()).isGreaterThan(position).isLessThanOrEqualTo(all.size());
                position = gap.to();
                piece = ring.read(position, Long.MAX_VALUE, step.taken());
            }
            if (piece instanceof LogRing.Bytes bytes) {
                assertThat(bytes.bytes().toArray()).hasSizeBetween(1, step.taken());
                int to = (int) position + bytes.bytes().size();
                assertThat(bytes.bytes().toArray())
                        .isEqualTo(Arrays.copyOfRange(all.toByteArray(), (int) position, to));
                position = to;
            } else {
                assertThat(piece).isInstanceOf(LogRing.Nothing.class);
                assertThat(position).isEqualTo(all.size());
            }
            if (step.leaves() && followers > 0) {
                ring.left();
                followers--;
            }
        }
    }

    @Property(tries = 300)
    void theLatestIsKept(@ForAll("steps") List<Step> steps, @ForAll @IntRange(max = 200_000) int keep) {
        LogRing ring = new LogRing(keep);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Step step : steps) {
            ring.append(step.written());
            all.writeBytes(step.written());
            int kept = Math.min(keep, all.size());
            long start = ring.startOfLast(Integer.MAX_VALUE, ring.position());
            assertThat(start).isEqualTo(all.size() - kept);
            byte[] expected = Arrays.copyOfRange(all.toByteArray(), all.size() - kept, all.size());
            assertThat(ring.read(start, ring.position(), Integer.MAX_VALUE)).satisfies(piece -> assertThat(
                            piece instanceof LogRing.Bytes bytes ? bytes.bytes().toArray() : new byte[0])
                    .isEqualTo(expected));
        }
    }

    @Property(tries = 500)
    void theLastLinesBeginWhereTheyDo(
            @ForAll("steps") List<Step> steps,
            @ForAll @IntRange(max = 200_000) int keep,
            @ForAll @IntRange(max = 60) int lines) {
        LogRing ring = new LogRing(keep);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Step step : steps) {
            ring.append(step.written());
            all.writeBytes(step.written());
        }
        int from = all.size() - Math.min(keep, all.size());
        String kept = new String(all.toByteArray(), from, all.size() - from, ISO_8859_1);
        List<String> each = Pattern.compile("(?<=\n)").splitAsStream(kept).toList();
        String last = String.join("", each.subList(Math.max(0, each.size() - lines), each.size()));
        long start = ring.startOfLast(lines, ring.position());
        assertThat(ring.position() - start).isEqualTo(last.length());
    }

    @Example
    void oneThatKeepsNothingTakesNoMemory() {
        LogRing ring = new LogRing(0);
        ring.append(text(100_000));
        assertThat(ring.size()).isZero();
        assertThat(ring.startOfLast(5, ring.position())).isEqualTo(100_000);
    }

    @Example
    void memoryIsTakenAsItIsWrittenAndGoesWithTheLastFollower() {
        LogRing ring = new LogRing(1 << 20);
        assertThat(ring.size()).isZero();
        ring.append(text(10));
        assertThat(ring.size()).isLessThanOrEqualTo(4096);
        ring.append(text(3 << 20));
        assertThat(ring.size()).isEqualTo(1 << 20);

        LogRing small = new LogRing(10);
        small.joined();
        small.joined();
        small.append(text(100_000));
        assertThat(small.size()).isEqualTo(LogRing.FOLLOWED);
        small.left();
        assertThat(small.size()).isEqualTo(LogRing.FOLLOWED);
        small.left();
        assertThat(small.size()).isEqualTo(10);
        assertThat(small.read(100_000 - 11, 100_000, 100)).isEqualTo(new LogRing.Gap(100_000 - 10));
        assertThat(((LogRing.Bytes) small.read(100_000 - 10, 100_000, 100))
                        .bytes()
                        .toArray())
                .isEqualTo(Arrays.copyOfRange(text(100_000), 100_000 - 10, 100_000));
    }

    @Example
    void aMarkStandsOnALineOfItsOwn() {
        LogRing ring = new LogRing(1000);
        ring.mark("--- one");
        ring.append("half".getBytes(ISO_8859_1));
        ring.mark("--- two");
        ring.mark("--- three");
        assertThat(((LogRing.Bytes) ring.read(0, 1000, 1000)).bytes().utf8String())
                .isEqualTo("--- one\nhalf\n--- two\n--- three\n");
    }

    @Example
    void afterItsEndNothingIsWritten() {
        LogRing ring = new LogRing(1000);
        ring.append(text(5));
        ring.end();
        ring.append(text(5));
        ring.mark("late");
        assertThat(ring.position()).isEqualTo(5);
        assertThat(ring.read(5, Long.MAX_VALUE, 10)).isInstanceOf(LogRing.End.class);
    }
}
