package vmette.cache;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class PruneRulesTest {
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");

    private static CacheItem item(CacheKind kind, Duration ago, CacheItem.State state) {
        return new CacheItem(kind, "x", List.of(Path.of("/x")), Optional.empty(), 1, NOW.minus(ago), state);
    }

    @Example
    void whatNobodyHasUsedForSoLongGoes() {
        CacheItem old = item(CacheKind.IMAGE, Duration.ofDays(30), CacheItem.State.FREE);
        CacheItem fresh = item(CacheKind.IMAGE, Duration.ofDays(30).minusSeconds(1), CacheItem.State.FREE);
        CacheItem leftover = item(CacheKind.LEFTOVER, Duration.ZERO, CacheItem.State.FREE);
        List<CacheItem> all = List.of(old, fresh, leftover);
        assertThat(PruneRules.choose(all, NOW, Optional.of(PruneRules.AGE))).containsExactly(old, leftover);
        assertThat(PruneRules.choose(all, NOW, Optional.empty())).isEqualTo(all);
    }

    @Example
    void whatWasUsedInTheFutureIsYoung() {
        CacheItem tomorrow = item(CacheKind.BLOB, Duration.ofDays(-1), CacheItem.State.FREE);
        assertThat(PruneRules.choose(List.of(tomorrow), NOW, Optional.of(Duration.ZERO)))
                .isEmpty();
        assertThat(PruneRules.choose(List.of(tomorrow), NOW, Optional.empty())).containsExactly(tomorrow);
    }

    @Property
    void whatIsUsedOrNeededNeverGoes(
            @ForAll CacheKind kind,
            @ForAll @LongRange(min = -100, max = 100_000_000) long seconds,
            @ForAll @LongRange(min = 0, max = 100_000_000) long age,
            @ForAll boolean all) {
        List<CacheItem> items = List.of(
                item(kind, Duration.ofSeconds(seconds), CacheItem.State.IN_USE),
                item(kind, Duration.ofSeconds(seconds), CacheItem.State.NEEDED));
        assertThat(PruneRules.choose(items, NOW, all ? Optional.empty() : Optional.of(Duration.ofSeconds(age))))
                .isEmpty();
    }
}
