package vmette.guest.protocol;

import java.time.Instant;

/** Times on the wire: {@code u64} nanoseconds since 1970, below 2^63. */
final class WireTime {
    private static final long SECOND = 1_000_000_000;

    /** The last one that there is. */
    static final Instant LAST = instant(Long.MAX_VALUE);

    private WireTime() {}

    static Instant instant(long nanos) {
        return Instant.ofEpochSecond(nanos / SECOND, nanos % SECOND);
    }

    /** Of a time between 1970 and {@link #LAST}. */
    static long nanos(Instant time) {
        return time.getEpochSecond() * SECOND + time.getNano();
    }
}
