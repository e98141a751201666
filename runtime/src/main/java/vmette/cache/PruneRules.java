package vmette.cache;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What is to go. Pure. */
public final class PruneRules {
    /** Unless another age is said. */
    public static final Duration AGE = Duration.ofDays(30);

    private PruneRules() {}

    /**
     * Those that nobody has used for so long, and whatever belongs to nothing.
     *
     * @param age empty: whenever they were used
     */
    public static List<CacheItem> choose(List<CacheItem> items, Instant now, Optional<Duration> age) {
        return items.stream().filter(item -> goes(item, now, age)).toList();
    }

    private static boolean goes(CacheItem item, Instant now, Optional<Duration> age) {
        if (item.state() != CacheItem.State.FREE) {
            return false;
        }
        return item.kind() == CacheKind.LEFTOVER
                || age.isEmpty()
                || Duration.between(item.lastUsed(), now).compareTo(age.get()) >= 0;
    }
}
