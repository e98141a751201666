package vmette.pool;

import java.time.Instant;
import java.util.Optional;

/** The next thing that a pool does. */
sealed interface PoolStep {
    /** A VM that is ready goes to the one who has waited longest. */
    record Hand() implements PoolStep {}

    /** The VM that is the first to be too old is stopped. */
    record Retire() implements PoolStep {}

    /** Another VM is asked for. */
    record Begin() implements PoolStep {}

    /** Nothing now. Empty: until something happens. */
    record Rest(Optional<Instant> until) implements PoolStep {}
}
