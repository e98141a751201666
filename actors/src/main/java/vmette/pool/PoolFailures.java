package vmette.pool;

import java.time.Duration;
import java.util.Optional;
import vmette.config.Durations;
import vmette.config.PoolSettings;
import vmette.errors.OperationTimeoutException;
import vmette.errors.Reasons;
import vmette.errors.VmBusyException;
import vmette.errors.VmLostException;

/** What those are told who get no VM. */
final class PoolFailures {
    private PoolFailures() {}

    static String text(Throwable failure) {
        return failure instanceof Exception known ? Reasons.of(known) : failure.toString();
    }

    static VmLostException closed(String pool) {
        return new VmLostException("the pool " + pool + " is closed: it lends no VM any more");
    }

    static VmBusyException full(String pool, PoolSettings settings) {
        return new VmBusyException("no VM of the pool " + pool + " is ready, and " + settings.queue()
                + " wait already (its queue): release VMs that are not needed, or try again later");
    }

    static OperationTimeoutException impatient(
            String pool, PoolSettings settings, PoolState state, Duration patience, Optional<Throwable> failure) {
        String beginning = "no VM of the pool " + pool + " within " + Durations.text(patience) + ": ";
        if (state.failures() > 0 && failure.isPresent()) {
            return new OperationTimeoutException(
                    beginning + "where they come from has failed"
                            + (state.failures() == 1 ? "" : " " + state.failures() + " times in a row")
                            + ", with: " + text(failure.get()),
                    failure.get());
        }
        int taken = state.lent() + state.ending();
        return new OperationTimeoutException(beginning
                + (taken == settings.max()
                        ? "all " + taken + " that it may have (max) are lent out or being stopped;"
                                + " release them sooner, or raise max"
                        : "more are wanted than come up in that time; raise min, refill-rate or the patience"));
    }
}
