package vmette.actors;

import java.time.InstantSource;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.DoubleSupplier;
import vmette.recovery.RecoveryPolicy;
import vmette.recovery.SnapshotShelf;

/**
 * What a supervisor decides by.
 *
 * @param policy what follows a failure
 * @param shelf the VM's snapshots
 * @param clock never goes back
 * @param random from 0 to below 1
 */
public record Supervision(RecoveryPolicy policy, SnapshotShelf shelf, InstantSource clock, DoubleSupplier random) {
    /** Of a VM without snapshots. */
    public static Supervision by(RecoveryPolicy policy) {
        return by(policy, SnapshotShelf.EMPTY);
    }

    /** Of a VM with snapshots. */
    public static Supervision by(RecoveryPolicy policy, SnapshotShelf shelf) {
        return new Supervision(policy, shelf, SteadyClock.INSTANCE, () -> ThreadLocalRandom.current()
                .nextDouble());
    }
}
