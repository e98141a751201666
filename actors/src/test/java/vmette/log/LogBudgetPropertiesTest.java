package vmette.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import vmette.stream.Await;

/** Many logs, and the memory that they have together. */
class LogBudgetPropertiesTest {
    private static List<LogRing> rings(int many, int keep, LogBudget budget) {
        List<LogRing> rings = new ArrayList<>();
        for (int i = 0; i < many; i++) {
            rings.add(new LogRing(keep, budget));
        }
        return rings;
    }

    private static long total(List<LogRing> rings) {
        return rings.stream().mapToLong(LogRing::size).sum();
    }

    private static String kept(LogRing ring) {
        long start = ring.startOfLast(Integer.MAX_VALUE, ring.position());
        return ring.read(start, ring.position(), Integer.MAX_VALUE) instanceof LogRing.Bytes bytes
                ? bytes.bytes().utf8String()
                : "";
    }

    @Property(tries = 300)
    void theyNeverHaveMoreAndEachHasItsLatest(
            @ForAll @IntRange(min = 1, max = 300_000) int most,
            @ForAll @IntRange(min = 1, max = 100_000) int keep,
            @ForAll @Size(max = 60) List<@IntRange(min = 0, max = 899_999) Integer> writes) {
        LogBudget budget = new LogBudget(most);
        List<LogRing> rings = rings(9, keep, budget);
        int follower = most % 9;
        rings.get(follower).joined();
        List<StringBuilder> all = new ArrayList<>();
        rings.forEach(ring -> all.add(new StringBuilder()));
        for (int write : writes) {
            int which = write % 9;
            String text = Integer.toString(write).repeat(write % 8000);
            rings.get(which).append(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            all.get(which).append(text);
            assertThat(total(rings)).isEqualTo(budget.used()).isLessThanOrEqualTo(most);
            long share = budget.share();
            int least = (int) Math.min(Math.min(share, keep), all.get(which).length());
            assertThat(kept(rings.get(which))).hasSizeGreaterThanOrEqualTo(least);
            for (int i = 0; i < rings.size(); i++) {
                assertThat(all.get(i).toString()).endsWith(kept(rings.get(i)));
            }
        }
        rings.get(follower).left();
        assertThat(total(rings)).isEqualTo(budget.used());
    }

    @Example
    void oneAloneHasWhatItIsToKeepAndManyShareEqually() {
        LogBudget budget = new LogBudget(64 << 10);
        List<LogRing> rings = rings(8, 32 << 10, budget);
        byte[] much = new byte[100_000];
        rings.get(0).append(much);
        assertThat(rings.get(0).size()).isEqualTo(32 << 10);
        for (LogRing ring : rings) {
            ring.append(much);
        }
        assertThat(rings).allSatisfy(ring -> assertThat(ring.size()).isEqualTo(8 << 10));
    }

    /** As of ten thousand services. */
    @Example
    void ofVeryManyEachHasALittle() {
        LogBudget budget = new LogBudget(256 << 20);
        List<LogRing> rings = rings(10_000, 1 << 20, budget);
        byte[] much = new byte[64 << 10];
        rings.forEach(ring -> ring.append(much));
        assertThat(total(rings)).isLessThanOrEqualTo(256 << 20);
        assertThat(rings.get(9_999).size()).isEqualTo(16 << 10);
    }

    /** Nobody has the handle of its VM any more. */
    @Example
    void whatNobodyReadsIsGivenBack() {
        LogBudget budget = new LogBudget(1 << 20);
        rings(3, 10_000, budget).forEach(ring -> ring.append(new byte[10_000]));
        LogRing stays = new LogRing(10_000, budget);
        stays.append(new byte[10_000]);
        Await.until("what was given back", () -> {
            System.gc();
            return budget.used() == 10_000;
        });
        assertThat(stays.size()).isEqualTo(10_000);
        assertThat(budget.share()).isEqualTo(1 << 20);
    }

    @Example
    void manyWriteAtOnce() throws Exception {
        LogBudget budget = new LogBudget(100_000);
        List<LogRing> rings = rings(32, 50_000, budget);
        List<CompletableFuture<Void>> writers = new ArrayList<>();
        for (int writer = 0; writer < 4; writer++) {
            int first = writer * 8;
            writers.add(CompletableFuture.runAsync(() -> {
                for (int i = 0; i < 4000; i++) {
                    rings.get(first + i % 8).append(new byte[i % 3000]);
                }
            }));
        }
        for (CompletableFuture<Void> writer : writers) {
            writer.get(60, TimeUnit.SECONDS);
        }
        assertThat(total(rings)).isEqualTo(budget.used()).isLessThanOrEqualTo(100_000);
        assertThat(rings).allSatisfy(ring -> assertThat(ring.size()).isPositive());
    }

    @Example
    void noBudgetIsNone() {
        assertThatThrownBy(() -> new LogBudget(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
