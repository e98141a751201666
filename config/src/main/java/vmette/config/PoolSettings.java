package vmette.config;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.Objects;

/**
 * {@code vmette.pool}: how many VMs a pool keeps, and what becomes of those who want more.
 *
 * @param min so many are ready or on their way, 0 to {@code max}
 * @param max the most there are at any time, those that are lent out and those that are being stopped included, 1 to {@value #MOST}
 * @param refillPerSecond so many are begun in a second, 0 to {@value #MOST_PER_SECOND}; 0: as many as are wanted
 * @param maxAge one that has waited so long is replaced, not negative; zero: none is
 * @param queue the most that wait for a VM, 0 to {@value #LONGEST_QUEUE}
 * @param patience how long each of them waits, positive
 * @param retry how long the pool leaves a source alone that has failed
 */
public record PoolSettings(
        int min, int max, double refillPerSecond, Duration maxAge, int queue, Duration patience, Retry retry) {
    /** More than one host could run. */
    public static final int MOST = 10_000;

    /** Of VMs that are begun. */
    public static final int MOST_PER_SECOND = 1000;

    /** Of those who wait. */
    public static final int LONGEST_QUEUE = 1_000_000;

    /**
     * {@code vmette.pool.retry}: after a failure {@code min}, after each further one in a row twice as long.
     *
     * @param min positive
     * @param max the longest, at least {@code min}
     * @param jitter the part of it that may be taken off at random, 0 to 1
     */
    public record Retry(Duration min, Duration max, double jitter) {
        /** Checks what is given. */
        public Retry {
            Checks.backoff("pool.retry", min, max, jitter);
        }
    }

    /** Checks what is given. */
    public PoolSettings {
        Objects.requireNonNull(retry, "retry");
        Checks.range("pool.max", max, 1, MOST);
        Checks.range("pool.min", min, 0, max);
        if (!(refillPerSecond >= 0 && refillPerSecond <= MOST_PER_SECOND)) {
            throw Checks.refuse("pool.refill-rate", refillPerSecond, "0 to " + MOST_PER_SECOND);
        }
        Checks.notNegative("pool.max-age", maxAge);
        Checks.range("pool.queue", queue, 0, LONGEST_QUEUE);
        Checks.positive("pool.patience", patience);
    }

    /** So many, and the rest as {@code reference.conf} has it. */
    public static PoolSettings of(int min, int max) {
        PoolSettings usual = from(Section.reference("vmette.pool"));
        return new PoolSettings(
                min, max, usual.refillPerSecond, usual.maxAge, usual.queue, usual.patience, usual.retry);
    }

    /**
     * Reads a section that has the keys of {@code vmette.pool}; what it does not say is as {@code reference.conf} has it.
     *
     * @param section resolved; keys that it should not have are not looked for
     * @param path where it stands, for messages
     * @throws vmette.errors.InvalidConfigException naming the key, where it was set, the value and what is allowed
     */
    public static PoolSettings from(Config section, String path) {
        return from(Section.like("vmette.pool", section, path));
    }

    static PoolSettings from(Section section) {
        int max = section.integer("max", 1, MOST);
        Section retry = section.section("retry");
        Duration least = retry.duration("min", true);
        Duration most = retry.duration("max", true);
        if (most.compareTo(least) < 0) {
            throw retry.refuse("max", "at least min, which is " + Checks.text(least), null);
        }
        return new PoolSettings(
                section.integer("min", 0, max),
                max,
                section.number("refill-rate", 0, MOST_PER_SECOND),
                section.duration("max-age", false),
                section.integer("queue", 0, LONGEST_QUEUE),
                section.duration("patience", true),
                new Retry(least, most, retry.fraction("jitter")));
    }

    /** With another rate. */
    public PoolSettings withRefillPerSecond(double other) {
        return new PoolSettings(min, max, other, maxAge, queue, patience, retry);
    }

    /** With another age. */
    public PoolSettings withMaxAge(Duration other) {
        return new PoolSettings(min, max, refillPerSecond, other, queue, patience, retry);
    }

    /** With another length of its queue. */
    public PoolSettings withQueue(int other) {
        return new PoolSettings(min, max, refillPerSecond, maxAge, other, patience, retry);
    }

    /** With another patience. */
    public PoolSettings withPatience(Duration other) {
        return new PoolSettings(min, max, refillPerSecond, maxAge, queue, other, retry);
    }

    /** With other pauses after failures. */
    public PoolSettings withRetry(Retry other) {
        return new PoolSettings(min, max, refillPerSecond, maxAge, queue, patience, other);
    }
}
