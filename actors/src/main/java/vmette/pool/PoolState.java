package vmette.pool;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import vmette.config.PoolSettings;

/**
 * What a pool knows when it decides. Immutable.
 *
 * @param ready VMs that nobody has
 * @param coming VMs that were asked for
 * @param lent VMs that somebody has
 * @param ending VMs that are being stopped
 * @param waiting those who want a VM
 * @param closed whether it makes an end
 * @param failures of what VMs come from, in a row
 * @param retryAt before this nothing is begun, after a failure
 * @param nextStart when the next VM is to be begun at the rate that is allowed, if none is begun at once with others
 * @param expires when the first of those that are ready will be too old
 */
public record PoolState(
        int ready,
        int coming,
        int lent,
        int ending,
        int waiting,
        boolean closed,
        int failures,
        Instant retryAt,
        Instant nextStart,
        Optional<Instant> expires) {
    /** Of one that has nothing. */
    static final PoolState EMPTY = new PoolState(0, 0, 0, 0, 0, false, 0, Instant.MIN, Instant.MIN, Optional.empty());

    /** All VMs that take part of the host, or soon will. */
    int total() {
        return ready + coming + lent + ending;
    }

    boolean isEmpty() {
        return total() == 0 && waiting == 0;
    }

    PoolState entered() {
        return with(ready, coming, lent, ending, waiting + 1);
    }

    /** Somebody does not wait any more, and has no VM. */
    PoolState left() {
        return with(ready, coming, lent, ending, waiting - 1);
    }

    /** Who waited longest gets a VM. */
    PoolState handed() {
        return with(ready - 1, coming, lent + 1, ending, waiting - 1);
    }

    /** A VM that nobody has touched comes back. */
    PoolState returned() {
        return with(ready + 1, coming, lent - 1, ending, waiting);
    }

    /** A VM that was lent is being stopped. */
    PoolState released() {
        return with(ready, coming, lent - 1, ending + 1, waiting);
    }

    /** A VM that was ready is being stopped. */
    PoolState retired() {
        return with(ready - 1, coming, lent, ending + 1, waiting);
    }

    PoolState lostReady() {
        return with(ready - 1, coming, lent, ending, waiting);
    }

    PoolState lostLent() {
        return with(ready, coming, lent - 1, ending, waiting);
    }

    /** A VM that was being stopped is gone. */
    PoolState gone() {
        return with(ready, coming, lent, ending - 1, waiting);
    }

    /** A VM is asked for. */
    PoolState begun(PoolSettings settings, Instant now) {
        PoolState more = with(ready, coming + 1, lent, ending, waiting);
        return settings.refillPerSecond() == 0
                ? more
                : more.with(failures, retryAt, PoolRules.later(nextStart, now).plus(PoolRules.interval(settings)));
    }

    /** One that was asked for is there. */
    PoolState came() {
        return with(ready + 1, coming - 1, lent, ending, waiting).with(0, Instant.MIN, nextStart);
    }

    /** One that was asked for is there, and not wanted any more. */
    PoolState cameLate() {
        return with(ready, coming - 1, lent, ending + 1, waiting);
    }

    /**
     * One that was asked for could not be had. Several that were asked for together fail for one reason: only the first counts.
     *
     * @param random from 0 to below 1
     */
    PoolState failed(PoolSettings settings, Instant now, double random) {
        PoolState less = with(ready, coming - 1, lent, ending, waiting);
        if (now.isBefore(retryAt)) {
            return less;
        }
        int more = failures == Integer.MAX_VALUE ? failures : failures + 1;
        Duration pause = PoolRules.pause(settings.retry(), more, random);
        return less.with(more, now.plus(pause), nextStart);
    }

    PoolState close() {
        return new PoolState(ready, coming, lent, ending, waiting, true, failures, retryAt, nextStart, expires);
    }

    PoolState expiring(Optional<Instant> when) {
        return new PoolState(ready, coming, lent, ending, waiting, closed, failures, retryAt, nextStart, when);
    }

    private PoolState with(int ready, int coming, int lent, int ending, int waiting) {
        return new PoolState(ready, coming, lent, ending, waiting, closed, failures, retryAt, nextStart, expires);
    }

    private PoolState with(int failures, Instant retryAt, Instant nextStart) {
        return new PoolState(ready, coming, lent, ending, waiting, closed, failures, retryAt, nextStart, expires);
    }
}
